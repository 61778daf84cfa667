"""Lambda handlers; each folder is one function's code."""
