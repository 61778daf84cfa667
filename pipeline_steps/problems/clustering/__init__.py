"""Clustering: the distance to the centre of each cluster, the nearest of which a row belongs to."""
