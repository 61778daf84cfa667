"""SageMaker's control plane: pipelines, jobs, tuning, registry, models, endpoints, tags."""
