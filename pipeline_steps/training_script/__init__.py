"""Training by a script of the user's own: what it reads, what it must leave, and how it is run."""
