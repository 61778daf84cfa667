"""Typed settings of one use case: one TOML file, one stage, every mistake told at once."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from blueprint.errors import InputError
from blueprint.names import Names

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]


def _not_the_end_of_options(text: str) -> str:
    if text == "--":
        raise ValueError("must not be --, which a command line takes for the end of its options")
    return text


_Argument = AfterValidator(_not_the_end_of_options)
ColumnName = Annotated[str, StringConstraints(pattern=r"^[^,\s][^,\r\n]*$", max_length=120), _Argument]
Label = Annotated[str, StringConstraints(pattern=r"^[^\r\n]+$", max_length=120), _Argument]
Currency = Annotated[str, StringConstraints(pattern=r"^\S{1,8}$")]
ColumnKind = Literal["number", "category"]
InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _raise_each(mistakes: Iterable[str]) -> None:
    """Pydantic takes one error a validator: several travel as the lines of one message."""
    if lines := list(mistakes):
        raise ValueError("\n".join(lines))


def _range_mistakes(low: float, high: float, scaling: str) -> Iterator[str]:
    if low >= high:
        yield f"min must be below max, got {low} and {high}"
    if scaling == "Logarithmic" and low <= 0:
        yield f"min must be above 0 with Logarithmic scaling, got {low}"
    if scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1):
        yield f"min and max must be in 0..1 (1 left out) with ReverseLogarithmic scaling, got {low} and {high}"


class Data(_Section):
    """The table: its target, the kind of each feature column, and how it is split."""

    target: ColumnName
    positive_label: Label
    columns: dict[ColumnName, ColumnKind] = Field(min_length=1)
    validation_percent: int = Field(20, ge=5, le=40)
    test_percent: int = Field(20, ge=5, le=40)
    seed: int = Field(0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _target_is_no_feature(self) -> Self:
        if self.target in self.columns:
            raise ValueError(f"target {self.target} must not be among the feature columns")
        return self


class IntegerRange(_Section):
    type: Literal["integer"]
    min: int
    max: int
    scaling: Literal["Auto", "Linear", "Logarithmic"] = "Auto"

    @model_validator(mode="after")
    def _is_searchable(self) -> Self:
        _raise_each(_range_mistakes(self.min, self.max, self.scaling))
        return self


class ContinuousRange(_Section):
    type: Literal["continuous"]
    min: float
    max: float
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] = "Auto"

    @model_validator(mode="after")
    def _is_searchable(self) -> Self:
        _raise_each(_range_mistakes(self.min, self.max, self.scaling))
        return self


class CategoricalRange(_Section):
    type: Literal["categorical"]
    values: tuple[str, ...] = Field(min_length=1, max_length=30)


ParameterRange = Annotated[IntegerRange | ContinuousRange | CategoricalRange, Field(discriminator="type")]


class Training(_Section):
    processing_instance_type: InstanceType = "ml.m5.large"
    training_instance_type: InstanceType = "ml.m5.xlarge"
    max_runtime_seconds: int = Field(3600, ge=60, le=432000)


class Tuning(_Section):
    """The hyperparameter search over XGBoost; fixed hyperparameters go to every job."""

    strategy: Literal["Bayesian", "Random", "Grid"] = "Bayesian"
    max_jobs: int = Field(12, ge=1, le=750)
    max_parallel_jobs: int = Field(2, ge=1, le=100)
    seed: int = Field(0, ge=0, lt=2**31)
    fixed: dict[str, str] = Field(default_factory=dict)
    ranges: dict[str, ParameterRange] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _names_and_ranges_fit(self) -> Self:
        _raise_each(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        for name, bounds in self.ranges.items():
            if self.strategy == "Grid" and not isinstance(bounds, CategoricalRange):
                yield f"ranges.{name} must be categorical with strategy Grid, got {bounds.type}"
        if both := sorted(self.fixed.keys() & self.ranges.keys()):
            yield f"{', '.join(both)} must be either fixed or a range, got both"
        if own := sorted((self.fixed.keys() | self.ranges.keys()) & {"algorithm", "seed"}):
            yield f"fixed and ranges must leave algorithm and seed to the pipeline, got {', '.join(own)}"


class Gate(_Section):
    """What a candidate must show on the untouched test split before it is registered."""

    metric: Literal["auc", "average_precision", "accuracy", "f1"] = "auc"
    threshold: float = Field(ge=0, le=1)
    min_gain_over_baseline: float = Field(0.0, ge=0, le=1)
    max_loss_to_champion: float = Field(0.005, ge=0, le=1)
    max_train_validation_gap: float = Field(0.05, ge=0, le=1)
    accuracy_aim: float = Field(0.9, ge=0, le=1)


class Value(_Section):
    """Business value of each outcome of one prediction, in `currency`."""

    currency: Currency = "EUR"
    true_positive: float
    false_positive: float
    true_negative: float = 0.0
    false_negative: float


class Endpoint(_Section):
    instance_type: InstanceType = "ml.m5.large"
    instance_count: int = Field(4, ge=1, le=100)
    capture_percent: int = Field(100, ge=0, le=100)


class Rollout(_Section):
    """How a new model takes over the endpoint, and what sends the traffic back."""

    type: Literal["canary", "linear", "all_at_once", "rolling"] = "canary"
    canary_percent: int = Field(25, ge=1, le=50)
    step_percent: int = Field(25, ge=5, le=50)
    bake_seconds: int = Field(300, ge=60, le=3600)
    final_bake_seconds: int = Field(120, ge=0, le=3600)
    timeout_seconds: int = Field(3600, ge=600, le=28800)
    alarm_period_seconds: Literal[60, 120, 300] = 60
    alarm_periods: int = Field(1, ge=1, le=10)
    max_error_percent: float = Field(5.0, gt=0, lt=100)
    max_latency_ms: float = Field(500.0, gt=0)
    latency_percentile: float = Field(90.0, ge=50, lt=100)

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        _raise_each(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        window = self.alarm_period_seconds * self.alarm_periods
        if window > self.bake_seconds:
            yield f"alarm_period_seconds x alarm_periods must fit in bake_seconds {self.bake_seconds}, got {window}"
        bakes = ceil(100 / self.step_percent) if self.type in ("linear", "rolling") else 1
        if (shortest := bakes * self.bake_seconds + self.final_bake_seconds) >= self.timeout_seconds:
            yield f"timeout_seconds must exceed the waits ({shortest}), got {self.timeout_seconds}"
        if self.type == "linear" and self.step_percent < 10:
            yield f"step_percent must be in 10..50 for linear, got {self.step_percent}"


class Settings(_Section):
    """Everything one stage of one use case is made from."""

    name: Slug
    description: str = Field("", max_length=1024)
    stage: Slug
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] | None = None
    keep_data: bool = True
    data: Data
    training: Training = Training()
    tuning: Tuning
    gate: Gate
    value: Value
    endpoint: Endpoint = Endpoint()
    rollout: Rollout = Rollout()

    @property
    def names(self) -> Names:
        return Names(self.name, self.stage)


def load_settings(path: Path, stage: str) -> Settings:
    """Read the use case in `path` as `stage` has it.

    Raises:
        InputError: the file, the TOML or a value is wrong; every wrong value is in the message, a line each.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InputError(f"config must be a readable file, got {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise InputError(f"config must be TOML, got {path}: {exc}") from exc
    stages = document.pop("stages", {})
    if not isinstance(stages, dict) or not all(isinstance(overrides, dict) for overrides in stages.values()):
        raise InputError(f"{path}: stages must hold one table a stage, got {stages!r}")
    if stage not in stages:
        raise InputError(f"stage must be one of {', '.join(sorted(stages)) or '(none in the file)'}, got {stage}")
    return parse_settings(_merge(document, {**stages[stage], "stage": stage}), source=str(path))


def parse_settings(document: Mapping[str, Any], *, source: str) -> Settings:
    """Validate `document`; `source` is named in the error."""
    try:
        return Settings.model_validate(document)
    except ValidationError as exc:
        raise InputError("\n".join(line for error in exc.errors() for line in _explain(source, dict(error)))) from exc


def _merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _explain(source: str, error: Mapping[str, Any]) -> Iterator[str]:
    """One line a mistake."""
    where = ".".join(text if (text := str(part)).isprintable() else repr(part) for part in error["loc"]) or "settings"
    if error["type"] == "extra_forbidden":
        yield f"{source}: {where} is not a known key"
    elif error["type"] == "missing":
        yield f"{source}: {where} is missing"
    else:
        value = error["input"]
        got = "" if isinstance(value, Mapping | _Section) else f", got {value!r}"
        for what in error["msg"].removeprefix("Value error, ").splitlines():
            yield f"{source}: {where}: {what}{got}"
