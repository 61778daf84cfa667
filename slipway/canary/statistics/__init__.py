"""Tests whose result is valid at every poll: counts of both fleets → e-values → promote, roll back or extend."""
