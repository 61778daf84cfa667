"""Anomaly detection: a score a row, and the threshold from which a row is anomalous."""
