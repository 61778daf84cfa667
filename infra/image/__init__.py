"""The container image of the pipeline's steps."""
