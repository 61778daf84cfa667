"""What runs inside the container: one image, one verb a job; it knows nothing else of the project."""
