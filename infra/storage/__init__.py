"""Buckets and the encryption key of one use case and stage."""
