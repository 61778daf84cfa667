"""The function behind the custom resource that builds the image."""
