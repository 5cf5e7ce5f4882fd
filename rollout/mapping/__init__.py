"""`map`: one page that shows who may do what, made from the stacks' files."""
