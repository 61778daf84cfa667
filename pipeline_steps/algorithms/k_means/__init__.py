"""Clusters by k-means."""
