"""Brings users and roles that exist under the program: their config, their file, their import."""
