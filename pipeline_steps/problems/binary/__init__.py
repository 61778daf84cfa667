"""Binary classification: its metrics, the threshold of a label, and the value of its outcomes."""
