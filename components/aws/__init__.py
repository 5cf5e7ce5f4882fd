"""What AWS defines, as values and pure functions."""
