"""Telling people and machines what was done: tables, progress, comments."""
