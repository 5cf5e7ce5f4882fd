"""What a change does to access: who gains or loses what, where."""
