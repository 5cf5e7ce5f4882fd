"""Plays a CircleCI job: its token, its command as an identity, the grants that its calls need."""
