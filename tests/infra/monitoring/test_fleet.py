"""One dashboard over a stage's use cases, and what it leaves alone."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aws_cdk as cdk
import pytest

from infra.monitoring.dashboard import FleetDashboard
from infra.monitoring.fleet_stack import fleet_stacks
from infra.shared.use_case_settings import load_delivered_use_cases, load_use_cases
from infra.stages import use_cases
from slipway.endpoint_kinds import REAL_TIME
from slipway.settings import load_delivery
from slipway.settings.names import Names
from tests.infra.cdk_app import PROJECT, app_at

FLEET = "slipway-fleet-dev"
Synth = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="module")
def synth(steps_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Synth:
    """Synthesize the shipped settings under each name, with what each adds to them; gives the templates by stack."""
    shipped = (PROJECT / "config" / "shoppers.toml").read_text()

    @functools.cache
    def once(regions: frozenset[tuple[str, str]], added: frozenset[tuple[str, str]]) -> dict[str, bytes]:
        config = tmp_path_factory.mktemp("fleet")
        for name, more in added:
            text = shipped.replace('name = "shoppers"', f'name = "{name}"', 1)
            if region := dict(regions).get(name):
                text = text.replace("[stages.dev]\n", f'[stages.dev]\nregion = "{region}"\n', 1)
            (config / f"{name}.toml").write_text(f"{text}\n{more}")
        app = app_at(config / "cdk.out")
        use_cases(app, load_use_cases(config, "dev"), steps_folder=steps_folder)
        assembly = app.synth()
        return {stack.stack_name: Path(stack.template_full_path).read_bytes() for stack in assembly.stacks}

    def run(*, regions: Mapping[str, str] = MappingProxyType({}), **added: str) -> dict[str, bytes]:
        return once(frozenset(regions.items()), frozenset(added.items()))

    return run


def widgets(template: bytes) -> list[dict[str, Any]]:
    (dashboard,) = json.loads(template)["Resources"].values()
    body = dashboard["Properties"]["DashboardBody"]
    text = body if isinstance(body, str) else "".join(p if isinstance(p, str) else "*" for p in body["Fn::Join"][1])
    shown: list[dict[str, Any]] = json.loads(text)["widgets"]
    return shown


def test_one_use_case_has_no_fleet(synth: Synth) -> None:
    assert FLEET not in synth(one="")


@pytest.fixture
def of_delivery(tmp_path: Path) -> Callable[[str], list[bytes]]:
    """What is synthesized for one stage of a delivery of two use cases, the second for dev alone."""
    text = (PROJECT / "config" / "shoppers.toml").read_text()
    (tmp_path / "one.toml").write_text(text.replace('name = "shoppers"', 'name = "one"', 1))
    only_dev = text[: text.index("[stages.prod")]
    (tmp_path / "two.toml").write_text(only_dev.replace('name = "shoppers"', 'name = "two"', 1))
    stages = "".join(f'[[stages]]\nname = "{name}"\n' for name in ("dev", "prod"))
    file = tmp_path / "delivery.toml"
    file.write_text(f'repository = "acme/models"\nuse_cases = ["two.toml", "one.toml"]\n{stages}')

    def of(stage: str) -> list[bytes]:
        app = app_at(tmp_path / stage)
        fleet_stacks(app, load_delivered_use_cases(load_delivery(file), stage, project=tmp_path))
        return [Path(stack.template_full_path).read_bytes() for stack in app.synth().stacks]

    return of


def test_the_dashboard_of_a_delivery_is_byte_for_byte_that_of_its_folder(
    synth: Synth, of_delivery: Callable[[str], list[bytes]]
) -> None:
    assert of_delivery("dev") == [synth(one="", two="")[FLEET]]
    assert of_delivery("prod") == [], "one use case has none, and that is no error"


def test_a_change_of_the_fleet_changes_the_fleets_stack_alone(synth: Synth) -> None:
    one, two, other = synth(one=""), synth(one="", two=""), synth(one="", three="")
    assert one.items() <= two.items()
    assert {name for name in two.keys() & other.keys() if two[name] != other[name]} == {FLEET}
    assert other.keys() - two.keys() == {name for name in other if name.startswith("three-dev-")}


def test_a_change_of_one_use_case_changes_its_stacks_alone(synth: Synth) -> None:
    before, after = synth(one="", two=""), synth(one="", two="[stages.dev.monitoring]\nmax_input_drift = 0.4")
    assert {name for name in before if before[name] != after[name]} == {"two-dev-monitoring"}


def test_the_fleets_stack_shows_every_use_case_and_needs_none(synth: Synth) -> None:
    template = synth(one="", two="")[FLEET]
    assert b"ImportValue" not in template
    shown = {widget["properties"]["title"]: widget["properties"]["metrics"] for widget in widgets(template)}
    assert shown.keys() == {
        "Requests a minute",
        "Share of 5XX responses",
        "Latency p99 (us)",
        "Drift of the scores (PSI)",
        "Drift of the worst input (PSI)",
        "Training runs that succeeded, a day",
        "Training runs that failed, a day",
    }
    for metrics in shown.values():
        assert [metric[-1]["label"] for metric in metrics] == ["one-dev", "two-dev"]


def test_the_fleets_stack_shows_the_metrics_that_the_drift_alarms_watch_and_both_ends_of_training(synth: Synth) -> None:
    found = synth(one="", two="")
    shown = [metric[:-1] for widget in widgets(found[FLEET]) for metric in widget["properties"]["metrics"]]
    watched = [
        [alarm["Namespace"], alarm["MetricName"], *_dimensions(alarm)]
        for name in ("one-dev-monitoring", "two-dev-monitoring")
        for resource in json.loads(found[name])["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "MetricName" in (alarm := resource["Properties"])
    ]
    assert {each[1] for each in watched} == {"PredictionDrift", "InputDrift"}
    assert [each for each in watched if each not in shown] == []
    for name in ("one-dev", "two-dev"):
        for end in ("ExecutionSucceeded", "ExecutionFailed"):
            assert ["AWS/Sagemaker/ModelBuildingPipeline", end, "PipelineName", name] in shown


def _dimensions(alarm: dict[str, Any]) -> Iterator[str]:
    for dimension in alarm["Dimensions"]:
        yield from (dimension["Name"], dimension["Value"])


def test_fifty_use_cases_fit_on_a_dashboard(tmp_path: Path) -> None:
    app = app_at(tmp_path)
    stack = cdk.Stack(app, "Fleet")
    cases = [Names(f"case-{number}", "dev") for number in range(50)]
    FleetDashboard(stack, "Dashboard", stage="dev", kinds=dict.fromkeys(cases, REAL_TIME))
    assembly = app.synth()
    template = Path(assembly.stacks[0].template_full_path).read_bytes()
    lines = [len(widget["properties"]["metrics"]) for widget in widgets(template)]
    assert max(lines) <= 500
    assert sum(lines) <= 2500


def test_use_cases_of_two_regions_are_two_fleets(synth: Synth) -> None:
    regions = {"one": "us-east-1", "two": "us-east-1", "three": "eu-central-1"}
    assert [metric[-1]["label"] for metric in _first(synth(one="", two="", three="", regions=regions)[FLEET])] == [
        "one-dev",
        "two-dev",
    ]
    assert FLEET not in synth(one="", three="", regions=regions)


def _first(template: bytes) -> list[Any]:
    metrics: list[Any] = widgets(template)[0]["properties"]["metrics"]
    return metrics
