"""What the job needs: valid options, and the model."""

import pytest

from tests.model_registry import NOWHERE, registry
from tests.pipeline_steps.monitor.periods import PACKAGE, facet


@pytest.mark.parametrize(
    ("flags", "variables", "reason"),
    [
        ([facet("colour")], {}, "--facet must name one of visits, spend, month, returning, got colour"),
        ([facet("visits")], {}, "--facet of the number column visits must have a threshold"),
        (
            [facet("month", values=["Mars"])],
            {},
            "--facet must name categories of month that the model has, got 'Mars'",
        ),
        (["--facet=month"], {}, "--facet must describe a facet, got 'month'"),
        (["--facet={}"], {}, "--facet must describe a facet, got '{}'"),
        (
            [facet("month", metrics={"KL": 0.1})],
            {},
            "--facet must have metrics of DPPL, DI, AD, DCA, DCR, RD, SD, DAR, DRR, TE, got ",
        ),
        (["--min-ndcg=2"], {}, "pipeline_steps monitor: argument --min-ndcg: must be a number in 0..1, got 2"),
        ([], {"start_time": "noon"}, "start_time must be an ISO 8601 time, got 'noon'"),
        ([], {"end_time": "2026-11-05T15:00:00"}, "end_time must have a time zone, got '2026-11-05T15:00:00'"),
        ([], {"dataset_format": '{"parquet": {}}'}, "dataset_format must be sagemakerCaptureJson, got "),
    ],
)
def test_what_cannot_be_done_is_refused(
    period, run_verb, flags: list[str], variables: dict[str, str], reason: str
) -> None:
    ended = run_verb(period(visitors=10).base, "monitor", *flags, environment=variables)
    assert ended.returncode == 1
    assert ended.stderr.startswith(reason)


def test_the_model_is_fetched_from_the_registry_where_it_is_no_input(period) -> None:
    found = period(visitors=250)
    archive = found.base / "processing/input/model/model.tar.gz"
    content = archive.read_bytes()
    archive.unlink()
    with registry(content) as environment:
        message, _ = found.end(**environment)
    assert message.startswith("Completed: no violation in 250 rows")


def test_an_unreachable_registry_is_reported(period, run_verb) -> None:
    found = period(visitors=10)
    (found.base / "processing/input/model/model.tar.gz").unlink()
    ended = run_verb(found.base, "monitor", environment=NOWHERE)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"model package {PACKAGE} cannot be read: ")
