"""SageMaker's jobs, pipelines and tuning, run on this machine as real processes."""
