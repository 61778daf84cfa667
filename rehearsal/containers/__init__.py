"""What an image is on this machine, with Docker or without, and the backends that give a container its /opt/ml."""
