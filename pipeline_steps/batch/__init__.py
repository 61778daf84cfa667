"""Batch scoring: rows of files to requests of a transform job, and its responses back to the rows."""
