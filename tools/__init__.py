"""What works on the project or beside it: the pinned engine, measurements, what CI runs."""
