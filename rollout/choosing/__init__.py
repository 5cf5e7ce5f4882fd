"""Which stacks a command runs on, and in which order."""
