"""From wishes to documents: policies, how they are laid out, and trust."""
