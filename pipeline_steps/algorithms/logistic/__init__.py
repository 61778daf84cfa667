"""Logistic regression, the baseline."""
