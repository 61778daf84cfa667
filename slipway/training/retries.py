"""Which failures of a step are tried again: SageMaker's own, never the job's."""

from slipway.training.step import RetryPolicy

STEP_RETRY = RetryPolicy(exception_types=("Step.SERVICE_FAULT", "Step.THROTTLING"), interval_seconds=10, max_attempts=5)
_JOB_RETRY = RetryPolicy(
    exception_types=("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"),
    interval_seconds=60,
    max_attempts=3,
)
JOB_RETRIES = (STEP_RETRY, _JOB_RETRY)
