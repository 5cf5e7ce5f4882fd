"""Facts of AWS, as values and pure functions."""
