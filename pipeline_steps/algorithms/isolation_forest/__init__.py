"""Anomaly scores of an isolation forest."""
