"""From raw tables to splits: what depends on the problem."""
