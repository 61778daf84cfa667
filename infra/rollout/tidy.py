"""After putting back: what nothing uses any more is deleted, and the config in use never is."""

from infra.rollout.states import State, States, choose, different, equal, note, present, task, when

CONFIG_RESOURCE = "EndpointConfig"
"""Its logical id in the endpoint stack."""


def remember_candidate(stack: str, *, then: str) -> States:
    """From `ReadCandidate`: `$.candidate` {config, model} of the failed package, while the stack still holds them.

    Without the answer they are left lying: configs and models cost nothing.
    """
    # The physical id is the ARN, which ends in the name.
    name = (
        "States.ArrayGetItem(States.StringSplit($.resource.id, '/'), "
        "States.MathAdd(States.ArrayLength(States.StringSplit($.resource.id, '/')), -1))"
    )
    return {
        "ReadCandidate": task(
            "cloudformation:describeStackResource",
            {"StackName": stack, "LogicalResourceId": CONFIG_RESOURCE},
            result="$.resource",
            select={"id.$": "$.StackResourceDetail.PhysicalResourceId"},
            then="NameCandidate",
            caught=then,
        ),
        "NameCandidate": note("$.named", parameters={"config.$": name}, then="ReadCandidateConfig"),
        "ReadCandidateConfig": task(
            "sagemaker:describeEndpointConfig",
            {"EndpointConfigName.$": "$.named.config"},
            result="$.candidate",
            select={"config.$": "$.EndpointConfigName", "model.$": "$.ProductionVariants[0].ModelName"},
            then=then,
            caught=then,
        ),
    }


def tidy_states(*, then: str) -> States:
    """From `IsCandidateLeft`, after a look at what is live.

    The endpoint serves neither the failed config nor, since the stack has made a new one for the same package, the
    config of before. Where SageMaker refused that one too, the config of before still serves, and stays.
    """
    return {
        "IsCandidateLeft": choose(
            when(
                present("$.candidate.config"),
                different("$.candidate.config", "$.live.config"),
                then="DeleteCandidateConfig",
            ),
            otherwise="IsPreviousLeft",
        ),
        "DeleteCandidateConfig": _delete_config("$.candidate.config", then="DeleteCandidateModel"),
        "DeleteCandidateModel": _delete_model("$.candidate.model", then="IsPreviousLeft"),
        "IsPreviousLeft": choose(
            when(equal("$.previous.config", ""), then=then),
            when(different("$.previous.config", "$.live.config"), then="DeleteSupersededConfig"),
            otherwise=then,
        ),
        "DeleteSupersededConfig": _delete_config("$.previous.config", then="DeleteSupersededModel"),
        "DeleteSupersededModel": _delete_model("$.previous.model", then=then),
    }


def _delete_config(name: str, *, then: str) -> State:
    return task("sagemaker:deleteEndpointConfig", {"EndpointConfigName.$": name}, then=then, caught=then)


def _delete_model(name: str, *, then: str) -> State:
    return task("sagemaker:deleteModel", {"ModelName.$": name}, then=then, caught=then)
