"""SageMaker Experiments: experiments, their trials, and the trial component of every training and processing job."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import not_found, validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.jobs import Jobs
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record

_EXPERIMENTS = Listing("ExperimentSummaries", name="ExperimentName")
_TRIALS = Listing("TrialSummaries", name="TrialName", equals={"ExperimentName": "ExperimentName"})
_COMPONENTS = Listing("TrialComponentSummaries", name="TrialComponentName", equals={"SourceArn": "_source"})
_STATUSES = {"InProgress": "InProgress", "Completed": "Completed", "Stopping": "Stopping", "Stopped": "Stopped"}
_MOST_PARAMETERS = 300


class Experiments:
    """A component is made of its job whenever it is asked for; what others add to it is kept here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._jobs: tuple[Jobs, ...] = ()
        self._experiments: dict[str, Record] = {}
        self._trials: dict[str, Record] = {}
        self._associated: dict[str, set[str]] = {}
        self._parameters: dict[str, dict[str, Any]] = {}

    def use(self, *jobs: Jobs) -> None:
        """Set the jobs, which themselves need `check`."""
        self._jobs = jobs

    def actions(self) -> Mapping[str, Action]:
        return {
            "CreateExperiment": self.create_experiment,
            "DescribeExperiment": lambda request: self._experiment(request["ExperimentName"]),
            "ListExperiments": lambda request: _EXPERIMENTS.answer(self._experiments.values(), request),
            "CreateTrial": self.create_trial,
            "DescribeTrial": lambda request: self._trial(request["TrialName"]),
            "ListTrials": lambda request: _TRIALS.answer(self._trials.values(), request),
            "ListTrialComponents": self.list_components,
            "DescribeTrialComponent": lambda request: self._component(request["TrialComponentName"]),
            "UpdateTrialComponent": self.update_component,
            "AssociateTrialComponent": self.associate,
        }

    def check(self, request: Record) -> None:
        """A job's `ExperimentConfig` must name what is there."""
        config = request.get("ExperimentConfig", {})
        if "ExperimentName" in config:
            self._experiment(config["ExperimentName"])
        if "TrialName" in config:
            trial = self._trial(config["TrialName"])
            if config.get("ExperimentName", trial["ExperimentName"]) != trial["ExperimentName"]:
                raise validation_error(
                    f"Trial {trial['TrialName']} is of experiment {trial['ExperimentName']}, not of "
                    f"{config['ExperimentName']}"
                )
        elif config:
            raise validation_error("ExperimentConfig must name a TrialName; the embedded AWS makes none by itself")

    def create_experiment(self, request: Record) -> Record:
        made = self._made(self._experiments, "Experiment", "experiment", request)
        return {"ExperimentArn": made["ExperimentArn"]}

    def create_trial(self, request: Record) -> Record:
        self._experiment(request["ExperimentName"])
        made = self._made(self._trials, "Trial", "experiment-trial", request)
        return {"TrialArn": made["TrialArn"]}

    def _made(self, kept: dict[str, Record], resource: str, kind: str, request: Record) -> Record:
        name = request[f"{resource}Name"]
        if name.lower() in kept:
            raise validation_error(f"{resource} names must be unique within an AWS account. {name} already exists.")
        now, made_arn = self._platform.now(), arn(kind, name.lower())
        times = {"CreationTime": now, "LastModifiedTime": now}
        kept[name.lower()] = {"DisplayName": name, **request, f"{resource}Arn": made_arn, **times}
        self._platform.tag(made_arn, request.get("Tags"))
        return kept[name.lower()]

    def list_components(self, request: Record) -> Record:
        found = self._components()
        if "TrialName" in request:
            wanted = {self._trial(request["TrialName"])["TrialName"]}
        elif "ExperimentName" in request:
            experiment = self._experiment(request["ExperimentName"])["ExperimentName"]
            wanted = {each["TrialName"] for each in self._trials.values() if each["ExperimentName"] == experiment}
        else:
            return _COMPONENTS.answer(found, request)
        return _COMPONENTS.answer((each for each in found if each["_trials"] & wanted), request)

    def update_component(self, request: Record) -> Record:
        component = self._component(request["TrialComponentName"])
        given = {**self._parameters.get(component["TrialComponentName"], {}), **request.get("Parameters", {})}
        for name in request.get("ParametersToRemove", ()):
            given.pop(name, None)
        if len({**component["Parameters"], **given}) > _MOST_PARAMETERS:
            raise validation_error(f"a trial component must have at most {_MOST_PARAMETERS} parameters")
        self._parameters[component["TrialComponentName"]] = given
        return {"TrialComponentArn": component["TrialComponentArn"]}

    def associate(self, request: Record) -> Record:
        component, trial = self._component(request["TrialComponentName"]), self._trial(request["TrialName"])
        self._associated.setdefault(component["TrialComponentName"], set()).add(trial["TrialName"])
        return {"TrialComponentArn": component["TrialComponentArn"], "TrialArn": trial["TrialArn"]}

    def _components(self) -> Iterator[Record]:
        for jobs in self._jobs:
            kind = jobs.kind
            for job in jobs.records:
                name = f"{job[kind.name].lower()}-aws-{kind.arn_kind}"
                own = {job.get("ExperimentConfig", {}).get("TrialName")} - {None}
                yield {
                    "TrialComponentName": name,
                    "TrialComponentArn": arn("experiment-trial-component", name),
                    "DisplayName": job.get("ExperimentConfig", {}).get("TrialComponentDisplayName", name),
                    "Source": {"SourceArn": job[kind.arn], "SourceType": f"SageMaker{kind.resource}"},
                    "TrialComponentSource": {"SourceArn": job[kind.arn], "SourceType": f"SageMaker{kind.resource}"},
                    "Status": {"PrimaryStatus": _STATUSES.get(job[kind.status], "Failed")},
                    "CreationTime": job["CreationTime"],
                    "LastModifiedTime": job["LastModifiedTime"],
                    "Parameters": {**_hyperparameters(job), **self._parameters.get(name, {})},
                    "Metrics": [_metric(each) for each in job.get("FinalMetricDataList", ())],
                    "_source": job[kind.arn],
                    "_trials": own | self._associated.get(name, set()),
                }

    def _component(self, name: str) -> Record:
        return _found(name, "Trial Component", {each["TrialComponentName"]: each for each in self._components()})

    def _experiment(self, name: str) -> Record:
        return _found(name, "Experiment", self._experiments)

    def _trial(self, name: str) -> Record:
        return _found(name, "Trial", self._trials)


def _found(name: str, words: str, kept: Mapping[str, Record]) -> Record:
    if name.lower() not in kept:
        raise not_found(f"{words} {name} does not exist.")
    return kept[name.lower()]


def _hyperparameters(job: Record) -> dict[str, Any]:
    return {name: {"StringValue": value} for name, value in job.get("HyperParameters", {}).items()}


def _metric(reported: Record) -> Record:
    """Of the last value alone: the others are in the job's log."""
    value = reported["Value"]
    numbers = dict.fromkeys(("Min", "Max", "Avg", "Last"), value)
    return {"MetricName": reported["MetricName"], "TimeStamp": reported["Timestamp"], "Count": 1, **numbers}
