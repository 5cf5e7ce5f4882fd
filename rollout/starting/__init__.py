"""`init`: the first lines of a stack's file, from questions or options."""
