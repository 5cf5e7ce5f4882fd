"""Stack files as they are written: what is there stays, and nothing wrong is written."""
