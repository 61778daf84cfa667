# ruff: noqa: N803 -- arguments are called as boto3 calls them
"""An account with one endpoint behind its stack, in memory: what AWS would respond, and what it was requested to do."""

import io
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

GROUP = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev"
OLD, NEW, LATER = (f"{GROUP}/{version}" for version in (1, 2, 3))
EXECUTION = "arn:aws:lambda:us-east-1:000000000000:function:shoppers-dev-rollout:1/durable-execution/{}/1"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:{}"


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


TOKEN = "0123456789abcdef"
NO_ENDPOINT = error("ValidationException", 'Could not find endpoint "shoppers-dev".')


@dataclass(frozen=True)
class Ending:
    """How an update of the stack ends: the stack, and the endpoint under it; empty is what was requested."""

    status: str = "UPDATE_COMPLETE"
    package: str | None = None
    serves: str | None = None
    failure: str = ""
    reason: str = ""
    endpoint: str = "InService"
    polls: int = 2
    events: tuple[dict[str, str], ...] = ()


@dataclass
class World:
    """AWS. `fail` queues errors for operations; `endings` is how the next updates of the stack end."""

    packages: dict[str, str] = field(default_factory=lambda: {OLD: "Approved", NEW: "Approved"})
    metadata: dict[str, str] = field(default_factory=dict)
    stack: str = "UPDATE_COMPLETE"
    stack_reason: str = ""
    named: str = OLD
    live: str = "config-1"
    """The endpoint config in use; empty where there is no endpoint."""
    endpoint_status: str = "InService"
    failure: str = ""
    configs: dict[str, str] = field(default_factory=lambda: {"config-1": OLD})
    """The package behind each endpoint config that the stack has made; the newest last."""
    served: str | None = ""
    """The stack's parameter for a package that has served; None where its template has none."""
    drifting: frozenset[str] = frozenset()
    """Packages whose alarm on drift is in ALARM, and rolls an update back that watches it."""
    named_shadow: str = ""
    shadows: dict[str, str] = field(default_factory=dict)
    """The package of the shadow of endpoint configs that have one."""
    named_challengers: list[str] = field(default_factory=list)
    challengers: dict[str, list[str]] = field(default_factory=dict)
    """The packages beside the live one, of endpoint configs that have such variants."""
    weights: dict[str, float] = field(default_factory=dict)
    """Of the endpoint's variants, as they were set since its last update."""
    experiment_analyses: deque[dict[str, Any] | ClientError] = field(default_factory=deque)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of the experiment's analysis, by poll."""
    periods: list[float] = field(default_factory=list)
    """Since when the weights were in force, as the analysis was given it at each poll."""
    weighed: list[dict[str, float]] = field(default_factory=list)
    """Each change of the weights."""
    primary_container: bool = False
    endings: deque[Ending] = field(default_factory=deque)
    fail: dict[str, deque[ClientError | None]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Operations that are done, and whose next response does not arrive."""
    parameters: dict[str, str] = field(default_factory=dict)
    pauses: deque[str] = field(default_factory=deque)
    """The pause parameter's value at each reading; the last one for ever."""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    job_ends: deque[dict[str, str]] = field(
        default_factory=lambda: deque([{"ProcessingJobStatus": "Completed", "ExitMessage": "passed: 50 replayed"}])
    )
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Requests that made the servers for a replay, by operation and name; what is deleted is gone."""
    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """All that was made for replays, in order."""
    servers_end: dict[str, str] = field(default_factory=lambda: {"EndpointStatus": "InService"})
    analyses: deque[dict[str, Any] | ClientError] = field(default_factory=deque)
    shadow_analyses: deque[dict[str, Any]] = field(default_factory=lambda: deque([decided(1, "as good")]))
    watched: list[tuple[str, str]] = field(default_factory=list)
    """What served beside which shadow at each poll of the analysis."""
    smoke: dict[str, Any] = field(
        default_factory=lambda: {"passed": True, "ran": True, "reason": "the endpoint answered 0.25"}
    )
    functions_fail: set[str] = field(default_factory=set)
    executions: dict[str, str] = field(default_factory=dict)
    """Statuses of the other executions."""
    started: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    audit: list[dict[str, Any]] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    update: tuple[str, str, list[str], str | None, Ending] | None = None
    left: int = 0
    tokens: set[str] = field(default_factory=set)
    """Of the updates that were begun."""
    events: tuple[dict[str, str], ...] = ()
    """Of the stack, newest first."""

    def client(self, _service: str) -> "Client":
        return Client(self)

    def rewards(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The next response of the experiment's analysis, the last one for ever; to the same poll the same again."""
        left, poll = self.experiment_analyses, json.dumps([payload[name] for name in ("begun", "poll", "is_paused")])
        self.periods.append(payload["changed_at"])
        if poll in self.answered:
            return self.answered[poll]
        found = left.popleft() if len(left) > 1 else left[0]
        if isinstance(found, ClientError):
            raise found
        self.answered[poll] = found
        return found

    @property
    def newest(self) -> str:
        return list(self.configs)[-1]

    @property
    def actions(self) -> list[str]:
        return [entry["action"] for entry in self.audit]

    @property
    def updates(self) -> list[str]:
        return [call.removeprefix("update_stack ") for call in self.calls if call.startswith("update_stack ")]

    def advance(self) -> None:
        """A poll goes by: the update that is under way comes closer to its end."""
        if self.update is None:
            return
        self.left -= 1
        if self.left > 0:
            return
        (requested, shadow, challengers, served, ending), self.update = self.update, None
        if "ROLLBACK" not in ending.status:
            self.named_shadow, self.named_challengers, self.served = shadow, challengers, served
        self.weights = {}
        self.stack, self.stack_reason, self.failure = ending.status, ending.reason, ending.failure
        self.named = requested if ending.package is None else ending.package
        self.endpoint_status = ending.endpoint
        serves = requested if ending.serves is None else ending.serves
        if not serves:
            self.live = ""
        elif serves != self.configs.get(self.live) or ending.serves is None:
            self.live = next(name for name in reversed(self.configs) if self.configs[name] == serves)

    @property
    def shadow(self) -> str:
        """The package that the endpoint has as a shadow."""
        return self.shadows.get(self.live, "")

    @property
    def beside(self) -> list[str]:
        """The packages of the variants beside the live one."""
        return self.challengers.get(self.live, [])

    @property
    def serves(self) -> str:
        return self.configs[self.live] if self.live else ""


class Client:
    """Any service of the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        world: World = object.__getattribute__(self, "_world")
        act = object.__getattribute__(self, name)

        def call(*args: Any, **given: Any) -> Any:
            queued = world.fail.get(name)
            if queued and (problem := queued.popleft() if len(queued) > 1 else queued[0]):
                raise problem
            response = act(*args, **given)
            if name in world.lost:
                world.lost.discard(name)
                raise error("ReadTimeoutError", "no response")
            return response

        return call

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:
        w = self._world
        return {
            "ModelPackageArn": ModelPackageName,
            "ModelPackageVersion": int(ModelPackageName.rpartition("/")[2]),
            "ModelApprovalStatus": w.packages[ModelPackageName],
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": f"s3://models/{ModelPackageName[-1]}"}]},
            "CustomerMetadataProperties": w.metadata,
        }

    def list_model_packages(self, **_: Any) -> dict[str, Any]:
        approved = (arn for arn, status in self._world.packages.items() if status == "Approved")
        found = [{"ModelPackageArn": arn, "ModelPackageVersion": int(arn[-1])} for arn in approved]
        return {"ModelPackageSummaryList": sorted(found, key=lambda each: -each["ModelPackageVersion"])}

    def update_model_package(self, *, ModelPackageArn: str, ModelApprovalStatus: str, ApprovalDescription: str) -> None:
        if len(ApprovalDescription) > 1024:
            raise error("ValidationException", "length less than or equal to 1024")
        self._world.packages[ModelPackageArn] = ModelApprovalStatus
        self._world.calls.append(f"reject {ApprovalDescription}")

    def create_model(self, **request: Any) -> None:
        self._make("CreateModel", request["ModelName"], request)

    def create_endpoint_config(self, **request: Any) -> None:
        self._make("CreateEndpointConfig", request["EndpointConfigName"], request)

    def create_endpoint(self, **request: Any) -> None:
        self._make("CreateEndpoint", request["EndpointName"], request)

    def delete_endpoint(self, *, EndpointName: str) -> None:
        if self._world.servers.pop(f"CreateEndpoint {EndpointName}", None) is None:
            raise NO_ENDPOINT

    def _make(self, operation: str, name: str, request: dict[str, Any]) -> None:
        if f"{operation} {name}" in self._world.servers:
            raise error("ValidationException", "Cannot create already existing one.")
        self._world.servers[f"{operation} {name}"] = request
        self._world.made.append((operation, request))

    def describe_endpoint(self, *, EndpointName: str = "", **_: Any) -> dict[str, Any]:
        w = self._world
        if f"CreateEndpoint {EndpointName}" in w.servers:
            return w.servers_end
        if not w.live:
            raise NO_ENDPOINT
        found: dict[str, Any] = {"EndpointStatus": w.endpoint_status, "EndpointConfigName": w.live}
        names = [
            each["VariantName"]
            for each in self.describe_endpoint_config(EndpointConfigName=w.live)["ProductionVariants"]
        ]
        weights = {name: w.weights.get(name, float(name == "primary")) for name in names}
        found["ProductionVariants"] = [{"VariantName": name, "CurrentWeight": weights[name]} for name in names]
        if w.update is not None:
            found |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": {"EndpointConfigName": w.newest}}
        return {**found, **({"FailureReason": w.failure} if w.failure else {})}

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        own = EndpointConfigName.replace("config", "model")
        found = {"ProductionVariants": [{"VariantName": "primary", "ModelName": own}]}
        for number, _ in enumerate(self._world.challengers.get(EndpointConfigName, ()), 1):
            found["ProductionVariants"].append(
                {"VariantName": f"challenger-{number}", "ModelName": f"{own.replace('model', 'rival')}-{number}"}
            )
        if EndpointConfigName in self._world.shadows:
            found["ShadowProductionVariants"] = [{"ModelName": EndpointConfigName.replace("config", "shadow")}]
        return found

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:
        if ModelName.startswith("shadow"):
            package = self._world.shadows[ModelName.replace("shadow", "config")]
        elif ModelName.startswith("rival"):
            config, _, number = ModelName.replace("rival", "config").rpartition("-")
            package = self._world.challengers[config][int(number) - 1]
        else:
            package = self._world.configs[ModelName.replace("model", "config")]
        container = {"ModelPackageName": package}
        return {"PrimaryContainer": container} if self._world.primary_container else {"Containers": [container]}

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> None:
        if self._world.servers.pop(f"CreateEndpointConfig {EndpointConfigName}", None) is None:
            self._world.deleted.append(EndpointConfigName)

    def delete_model(self, *, ModelName: str) -> None:
        if self._world.servers.pop(f"CreateModel {ModelName}", None) is None:
            self._world.deleted.append(ModelName)

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        w = self._world
        w.advance()
        named, shadow, challengers, served = (
            (w.named, w.named_shadow, w.named_challengers, w.served) if w.update is None else w.update[:4]
        )
        stack = {"StackStatus": w.stack, "StackStatusReason": w.stack_reason}
        given = {"ModelPackageArn": named, "ShadowModelPackageArn": shadow}
        given |= {f"Challenger{number}ModelPackageArn": each for number, each in enumerate(challengers, 1)}
        given |= {} if served is None else {"ServedModelPackageArn": served}
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
        outputs = [{"OutputKey": "UnguardedToken", "OutputValue": TOKEN}]
        return {"Stacks": [{**stack, "Parameters": parameters, "Outputs": outputs}]}

    def update_stack(self, *, Parameters: list[dict[str, str]], ClientRequestToken: str, **_: Any) -> None:
        w, given = self._world, {each["ParameterKey"]: each["ParameterValue"] for each in Parameters}
        package, shadow = given["ModelPackageArn"], given.get("ShadowModelPackageArn", "")
        if ClientRequestToken in w.tokens:
            raise error("TokenAlreadyExistsException", "there was an update with this token")
        if w.update is not None:
            raise error("ValidationError", "Stack:arn:x is in UPDATE_IN_PROGRESS state and can not be updated.")
        challengers = [given[key] for key in sorted(given) if key.startswith("Challenger")]
        served = given.get("ServedModelPackageArn", None if w.served is None else "")
        assert (served is None) is (w.served is None), "a parameter must be in the template"
        if (package, shadow, challengers) == (w.named, w.named_shadow, w.named_challengers):
            assert served == w.served, "SageMaker refuses an update of the alarms alone"
            raise error("ValidationError", "No updates are to be performed.")
        w.tokens.add(ClientRequestToken)
        beside = f" beside {shadow}" if shadow else f" against {', '.join(challengers)}" if challengers else ""
        w.calls.append(f"update_stack {package}{beside}")
        if package:
            w.configs[f"config-{len(w.configs) + 1}"] = package
        if shadow:
            w.shadows[w.newest] = shadow
        if challengers:
            w.challengers[w.newest] = challengers
        ending = w.endings.popleft() if w.endings else Ending()
        if w.live and package and len(w.beside) != len(challengers) and given.get("Unguarded") != TOKEN:
            reason = "guardrails need the same variants before and after"
            ending = Ending("UPDATE_ROLLBACK_COMPLETE", package=w.named, serves=w.serves, reason=reason)
        if w.live and package in w.drifting and not served and given.get("Unguarded") != TOKEN:
            ending = Ending(serves=w.serves, failure="rollback alarm InputDrift went into ALARM")
        w.update, w.left = (package, shadow, challengers, served, ending), ending.polls + 1
        w.stack = "UPDATE_IN_PROGRESS"
        w.events = ending.events

    def describe_stack_resource(self, **_: Any) -> dict[str, Any]:
        name = f"arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/{self._world.newest}"
        return {"StackResourceDetail": {"PhysicalResourceId": name}}

    def get_paginator(self, name: str) -> "Client":
        assert name == "describe_stack_events"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for event in self._world.events:
            yield {"StackEvents": [event]}

    def update_endpoint_weights_and_capacities(
        self, *, EndpointName: str, DesiredWeightsAndCapacities: list[dict[str, Any]]
    ) -> None:
        if self._world.update is not None:
            raise error("ValidationException", f"Cannot update in-progress endpoint {EndpointName}")
        self._world.weights = {each["VariantName"]: each["DesiredWeight"] for each in DesiredWeightsAndCapacities}
        self._world.weighed.append(self._world.weights)

    def create_processing_job(self, **request: Any) -> None:
        if request["ProcessingJobName"] in self._world.jobs:
            raise error("ResourceInUse", "there is one of this name")
        self._world.jobs[request["ProcessingJobName"]] = request

    def describe_processing_job(self, **_: Any) -> dict[str, Any]:
        ends = self._world.job_ends
        return ends.popleft() if len(ends) > 1 else ends[0]

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        w = self._world
        if Name == "/pause" and w.pauses:
            return {"Parameter": {"Value": w.pauses.popleft() if len(w.pauses) > 1 else w.pauses[0]}}
        if Name not in w.parameters:
            raise error("ParameterNotFound", "there is none")
        return {"Parameter": {"Value": w.parameters[Name]}}

    def put_parameter(self, *, Name: str, Value: str, **_: Any) -> None:
        self._world.parameters[Name] = Value

    def invoke(self, *, FunctionName: str, Payload: bytes, **given: Any) -> dict[str, Any]:
        w, payload = self._world, json.loads(Payload)
        if "InvocationType" in given:
            w.started[given["DurableExecutionName"]] = payload
            return {}
        name = FunctionName.rpartition(":")[2]
        if name in w.functions_fail:
            return _payload({"errorType": "NoDisk"}, FunctionError="Unhandled")
        if name == "audit":
            if payload not in w.audit:  # an operation that is done again has the same number
                w.audit.append(payload)
            return _payload({"sequence": len(w.audit)})
        if name in ("smoke", "rewards"):
            w.calls.append("smoke test" if name == "smoke" else "rewards")
            return _payload(w.smoke if name == "smoke" else w.rewards(payload))
        w.calls.append(f"analyse {payload['checkpoint']}")
        if payload.get("shadow"):
            w.watched.append((w.serves, w.shadow))
            return _payload(w.shadow_analyses.popleft() if len(w.shadow_analyses) > 1 else w.shadow_analyses[0])
        answer: Any = decided(1, "better", changed=payload["checkpoint"] is None)
        if w.analyses:
            answer = w.analyses.popleft() if len(w.analyses) > 1 else w.analyses[0]
        if isinstance(answer, ClientError):
            raise answer
        return _payload(answer)

    def publish(self, *, Subject: str, Message: str, **_: Any) -> None:
        self._world.notices.append((Subject, Message))

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        self._world.metrics.extend({**datum, "Namespace": Namespace} for datum in MetricData)

    def get_durable_execution(self, *, DurableExecutionArn: str) -> dict[str, str]:
        if DurableExecutionArn not in self._world.executions:
            raise error("ResourceNotFoundException", "there is none")
        return {"Status": self._world.executions[DurableExecutionArn]}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self._world.objects:
            raise error("NoSuchKey", "there is none")
        version, body = self._world.objects[Key]
        return {"Body": io.BytesIO(body), "ETag": f'"{version}"'}

    def put_object(self, *, Key: str, Body: bytes, IfMatch: str = "", IfNoneMatch: str = "", **_: Any) -> None:
        assert IfMatch or IfNoneMatch
        version = self._world.objects.get(Key, (0, b""))[0]
        if IfMatch != (f'"{version}"' if version else ""):
            raise error("PreconditionFailed", "it is another by now")
        self._world.objects[Key] = (version + 1, Body)


def decided(decision: int, explanation: str, *, settled: bool = True, changed: bool = True) -> dict[str, Any]:
    answer = {"decision": decision, "explanation": explanation, "settled": settled, "changed": changed}
    return {**answer, "endpoint_config": "config-2", "checkpoint": {"explanation": explanation}}


def _payload(body: Any, **more: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(json.dumps(body).encode()), **more}
