"""What does the endpoint really serve? Asked before the update, after it, after putting back, and of a rejection."""

from infra.rollout.states import States, absent, choose, equal, matching, note, present, task, wait, when

BEFORE, AFTER, RESTORED, REJECTED = "before", "after", "restored", "rejected"
"""Values of `$.phase`: who asked."""

_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
_POLL_SECONDS = 15


def look_states(endpoint: str) -> States:
    """From `ReadEndpoint`; `$.live` is {model_package, config, model}, each empty if nothing serves.

    SageMaker rolls back silently, so neither the stack's status nor its parameter answers this: only the model
    behind the live endpoint config does.
    """
    busy = [equal("$.endpoint.EndpointStatus", status) for status in _BUSY]
    at_once = (equal("$.phase", REJECTED), absent("$.rollouts"))
    return {
        "ReadEndpoint": task(
            "sagemaker:describeEndpoint",
            {"EndpointName": endpoint},
            result="$.endpoint",
            then="IsEndpointSettled",
            caught="IsEndpointMissing",
        ),
        "IsEndpointMissing": choose(
            when(matching("$.error.Cause", "*Could not find endpoint*"), then="NoEndpoint"),
            otherwise="WhyUnseen",
        ),
        "NoEndpoint": note("$.endpoint", {"EndpointStatus": "absent"}, then="NothingServes"),
        "IsEndpointSettled": choose(
            when(equal("$.endpoint.EndpointStatus", "InService"), then="ReadConfig"),
            # What is being rolled out has to end first.
            *(when(each, *at_once, then="Settle") for each in busy),
            *(when(each, then="WaitForEndpoint") for each in busy),
            otherwise="NothingServes",
        ),
        "WaitForEndpoint": wait(_POLL_SECONDS, then="ReadEndpoint"),
        "NothingServes": note("$.live", {"model_package": "", "config": "", "model": ""}, then="WhoAsked"),
        "ReadConfig": task(
            "sagemaker:describeEndpointConfig",
            {"EndpointConfigName.$": "$.endpoint.EndpointConfigName"},
            result="$.config",
            select={"model.$": "$.ProductionVariants[0].ModelName"},
            then="ReadModel",
            caught="WhyUnseen",
        ),
        "ReadModel": task(
            "sagemaker:describeModel",
            {"ModelName.$": "$.config.model"},
            result="$.model",
            then="WhichContainer",
            caught="WhyUnseen",
        ),
        # A model with one container may be told in either of two ways.
        "WhichContainer": choose(
            when(present("$.model.Containers[0].ModelPackageName"), then="TakeContainer"),
            when(present("$.model.PrimaryContainer.ModelPackageName"), then="TakePrimary"),
            otherwise="NothingServes",
        ),
        # What made it go back is the reason still.
        "WhyUnseen": choose(when(equal("$.phase", RESTORED), then="ExplainUnseen"), otherwise="ExplainError"),
        "TakeContainer": note("$.live", parameters=_live("$.model.Containers[0].ModelPackageName"), then="WhoAsked"),
        "TakePrimary": note("$.live", parameters=_live("$.model.PrimaryContainer.ModelPackageName"), then="WhoAsked"),
        "WhoAsked": choose(
            when(equal("$.phase", BEFORE), then="IsAlreadyLive"),
            when(equal("$.phase", AFTER), then="IsCandidateLive"),
            when(equal("$.phase", REJECTED), then="IsRejectedLive"),
            otherwise="IsRestored",
        ),
    }


def _live(model_package: str) -> dict[str, str]:
    return {
        "model_package.$": model_package,
        "config.$": "$.endpoint.EndpointConfigName",
        "model.$": "$.config.model",
    }
