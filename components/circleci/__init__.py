"""What CircleCI defines: its jobs' tokens."""
