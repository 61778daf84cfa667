"""Regression: a number a row, its interval, and the amount to act on."""
