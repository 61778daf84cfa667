"""Endpoints on the laptop: real model servers behind a weighted router, updated as SageMaker updates them."""
