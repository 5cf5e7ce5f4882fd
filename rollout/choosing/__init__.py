"""Which stacks a command is about, and in which order."""
