"""Who may do what, asked offline: `can` and `who`."""
