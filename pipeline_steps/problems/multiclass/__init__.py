"""Classification into more than two labels: a probability of each, the highest of which decides."""
