"""Code that depends on the kind of problem that a model solves."""
