"""The SageMaker pipeline, its roles, and what may start it."""
