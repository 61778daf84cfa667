"""Captured requests and outcomes of a period beside what the model was trained on: reports, violations, metrics."""
