"""Made-up tables, one for each kind of problem: in time order, with something new in the later rows."""
