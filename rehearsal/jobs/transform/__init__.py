"""Batch transform jobs: objects split into requests to a model's server, and responses joined to their records."""
