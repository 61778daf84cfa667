"""Containers without Docker: what an image is on this machine, and the backends that give a container its /opt/ml."""
