"""Fleets of instances that take requests from a queue, read them in S3 and write the responses there.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html lists all the metrics that it publishes:
`Invocations` and `InvocationModelErrors` are not among them, so that the samples of an error, 1 or 0 a request, count
the requests. Deployment guardrails are for it too; shadow tests exclude it.
"""

from slipway.endpoint_kinds.kind import EndpointKind, FixedSetting

QUEUE_PREFIX = "asynchronous"
INPUT_PREFIX = f"{QUEUE_PREFIX}/input"
"""Where in the artifacts bucket callers put requests."""
OUTPUT_PREFIX = f"{QUEUE_PREFIX}/output"
FAILURE_PREFIX = f"{QUEUE_PREFIX}/failure"

ASYNCHRONOUS = EndpointKind(
    name="asynchronous",
    config_key="AsyncInferenceConfig",
    fixed=(
        FixedSetting("rollout.shadow.enabled", value=False, reason="SageMaker gives it no shadow variant"),
        FixedSetting("rollout.canary_analysis.value", value=False, reason="no captured response can be joined"),
        FixedSetting("endpoint.capture_percent", 0, "AWS documents data capture for real-time endpoints alone"),
        FixedSetting("endpoint.autoscaling", None, "it follows its backlog: [endpoint.asynchronous.scaling]"),
        FixedSetting("endpoint.schedule", None, "what waits in its queue would be deleted with it; it scales to zero"),
        FixedSetting("endpoint.image", None, "the replay of a server of your own needs captured requests"),
    ),
    has_instances=True,
    is_guarded=True,
    takes_shadow=False,
    captures=False,
    is_isolated=True,
    waits=True,
    longest_response_seconds=3600,
    requests=("Invocation5XXErrors", "SampleCount"),
    failures=("Invocation4XXErrors", "Invocation5XXErrors"),
    alarmed_errors={"ServerErrors": "Invocation5XXErrors", "ModelErrors": "Invocation4XXErrors"},
    compared_errors="Invocation5XXErrors",
    invocation="sagemaker:InvokeEndpointAsync",
    start_seconds=900.0,  # from zero: an alarm's minute, and the start of an instance
    served="",
    unpriced="what requests and responses take in S3, and notifications, is not included",
    forecast="",
)
