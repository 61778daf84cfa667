"""No instances: SageMaker starts a container for a request; without guardrails, capture, shadow, VPC or isolation.

https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html lists what it excludes.
"""

from slipway.endpoint_kinds.kind import EndpointKind, FixedSetting

SERVERLESS = EndpointKind(
    name="serverless",
    config_key="ServerlessConfig",
    fixed=(
        # Rolling is excluded by name.
        FixedSetting("rollout.type", "all_at_once", "a canary is a share of the instances, of which there are none"),
        FixedSetting("rollout.plan", None, "its update has no bake to plan"),
        FixedSetting("rollout.canary_analysis.enabled", value=False, reason="there are never two fleets to compare"),
        FixedSetting("rollout.canary_analysis.value", value=False, reason="there are never two fleets to compare"),
        FixedSetting("rollout.shadow.enabled", value=False, reason="SageMaker gives it no shadow variant"),
        FixedSetting("endpoint.capture_percent", 0, "SageMaker captures none of its requests"),
        FixedSetting("endpoint.autoscaling", None, "it has no instances"),
        FixedSetting("endpoint.schedule", None, "it costs nothing without requests"),
        FixedSetting("endpoint.image", None, "the replay of a server of your own needs captured requests"),
        FixedSetting("access.vpc", None, "it runs in no network of yours"),
    ),
    has_instances=False,
    is_guarded=False,
    takes_shadow=False,
    captures=False,
    is_isolated=False,
    waits=False,
    longest_response_seconds=60,
    requests=("Invocations", "Sum"),
    failures=("InvocationModelErrors",),
    alarmed_errors={},
    compared_errors="InvocationModelErrors",
    invocation="sagemaker:InvokeEndpoint",
    start_seconds=120.0,
    served="before any request",
    unpriced="the endpoint is serverless: the time of its requests is not included",
    forecast="a serverless endpoint has no bakes, canary analysis or alarms: the gates decide before its update, and a "
    "smoke test after it",
)
