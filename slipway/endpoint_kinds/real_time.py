"""Fleets of instances that respond while the caller waits."""

from slipway.endpoint_kinds.kind import EndpointKind

REAL_TIME = EndpointKind(
    name="real-time",
    config_key="",
    fixed=(),
    has_instances=True,
    is_guarded=True,
    takes_shadow=True,
    captures=True,
    is_isolated=True,
    waits=False,
    longest_response_seconds=480,  # of a streamed response; any other has 60 s
    requests=("Invocations", "Sum"),
    failures=("InvocationModelErrors",),
    alarmed_errors={"ServerErrors": "Invocation5XXErrors", "ModelErrors": "InvocationModelErrors"},
    compared_errors="InvocationModelErrors",
    invocation="sagemaker:InvokeEndpoint",
    start_seconds=0.0,  # the function's own three attempts are enough
    served="",
    unpriced="",
    forecast="",
)
