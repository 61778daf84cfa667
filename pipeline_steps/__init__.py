"""What runs inside the container: one image, one verb a job; it imports nothing else of the project."""
