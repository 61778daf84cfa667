"""Settings and options of every test run."""

import functools
import gc
import os
from pathlib import Path

import boto3
import botocore.loaders
import pytest
from hypothesis import settings

import infra  # noqa: F401 — it chooses the node that CDK starts, also for tests that import CDK before it

# A shared machine may be slow at any moment: how long an example takes proves nothing. Each run draws other examples;
# hypothesis sees by itself whether it is CI that runs, which draws the full number.
_GIVEN = settings.get_profile(settings.get_current_profile_name())
_EXAMPLES = _GIVEN.max_examples if settings.get_current_profile_name() == "ci" else 40
settings.register_profile("slipway", _GIVEN, deadline=None, max_examples=_EXAMPLES)
settings.load_profile("slipway")

# Its thread would be one more thing that each test process leaves to chance; the image switches it off too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# As in the image. Threads of OpenMP wait by spinning: with as many of them in each test process as there are cores, a
# training of half a second takes a minute.
os.environ["OMP_NUM_THREADS"] = "1"

# Each session of botocore reads its services' models again, a tenth of a second a client: here they are read once.
botocore.loaders.JSONFileLoader.load_file = staticmethod(functools.cache(botocore.loaders.JSONFileLoader().load_file))
_search = botocore.loaders.Loader.list_available_services


@functools.cache
def _available_services(search_paths: tuple[str, ...], type_name: str) -> list[str]:
    loader = botocore.loaders.Loader(extra_search_paths=search_paths, include_default_search_paths=False)
    return _search(loader, type_name)


# It would look into a thousand folders for each session again.
botocore.loaders.Loader.list_available_services = lambda loader, type_name: _available_services(
    tuple(loader.search_paths), type_name
)

# What is collected is used to the end: repeated garbage collection of it takes a quarter of a worker's start.
gc.disable()


@pytest.fixture(autouse=True)
def own_boto3_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's default session keeps the first credentials that it finds: each test's code finds its own."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


TESTS = Path(__file__).parent
NOT_QUICK = (
    # whole launches, or parts of them, against the embedded AWS
    "contract",
    "e2e",
    "rehearsal/journey",
    "rehearsal/push",
    "rehearsal/cloud/test_alarm_stack.py",
    "rehearsal/cloud/test_child_process.py",
    "rehearsal/cloud/test_durable_executions.py",
    "rehearsal/cloud/test_endpoint_stack.py",
    "rehearsal/cloud/test_images.py",
    "rehearsal/cloud/test_state_machines.py",
    "slipway/operations",
    # fleets of servers, jobs and their containers
    "pipeline_steps/algorithms/xgboost/test_checkpoints.py",
    "pipeline_steps/gates/test_replay_job.py",
    "pipeline_steps/server/test_process.py",
    "pipeline_steps/server/test_warm_up.py",
    "pipeline_steps/test_evolution.py",
    "pipeline_steps/test_jobs.py",
    "pipeline_steps/monitor",
    "rehearsal/console/test_report.py",
    "rehearsal/containers/test_backends.py",
    "rehearsal/endpoints",
    "rehearsal/jobs",
    # thousands of simulated rollouts and of drawn plans, models of every algorithm
    "benchmarks",
    "infra/rollout/test_canary_analysis_function.py",
    "pipeline_steps/algorithms/test_algorithms.py",
    "pipeline_steps/algorithms/test_without_target.py",
    "pipeline_steps/evaluation/test_evaluation_of_problems.py",
    "slipway/canary/observation/test_riper_outcomes.py",
    "slipway/cli/test_simulate.py",
    "slipway/guardrails/test_good_plans.py",
    "slipway/rollout/test_new_fleet_alarms.py",
    "slipway/simulation",
    # whole apps (each synth of CDK takes seconds of two processes), installations, sites and state machines
    "docs",
    "infra/access",
    "infra/delivery",
    "infra/endpoint",
    "infra/image/test_image.py",
    "infra/monitoring",
    "infra/review",
    "infra/rollout/test_audit.py",
    "infra/rollout/test_canary_analysis.py",
    "infra/rollout/test_gates.py",
    "infra/rollout/test_rollout.py",
    "infra/rollout/test_schedule.py",
    "infra/storage",
    "infra/test_app.py",
    "infra/test_node.py",
    "infra/test_stages.py",
    "infra/training",
    "scripts",
    "slipway/test_package.py",
    # what needs more than Python
    "docker",
    "sdk",
)
"""What `make test-quick` leaves out: tests that start servers, deploy, or compute for long."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="the unit tests: leave out what tests/conftest.py lists")


def pytest_report_header(config: pytest.Config) -> str | None:
    return f"quick: left out are {', '.join(NOT_QUICK)}" if config.getoption("quick") else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Not so much as imported; None leaves the choice to pytest."""
    left_out = any(collection_path == TESTS / name for name in NOT_QUICK)
    return True if left_out and config.getoption("quick") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By the file's name: what computes and what waits is mixed, so that no processor idles."""
    items.sort(key=lambda item: item.path.name, reverse=True)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
