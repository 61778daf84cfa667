"""From an approved package to a live endpoint."""
