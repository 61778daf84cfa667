"""Periods of a monitored endpoint, and what tests read of a job's reports."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.model_registry import ARN

PACKAGE = ARN
HOUR = "2026-11-05T14:{minute:02d}:00Z"


@dataclass
class Period:
    """The tree of one monitoring job."""

    base: Path
    run: Callable[..., Any]

    @property
    def reports(self) -> dict[str, Any]:
        folder = self.base / "processing/reports"
        return {path.name: json.loads(path.read_text()) for path in folder.iterdir()}

    @property
    def violations(self) -> list[dict[str, str]]:
        return self.reports["constraint_violations.json"]["violations"]

    @property
    def checks(self) -> set[tuple[str, str]]:
        return {
            (entry.get("feature_name") or entry["metric_name"], entry["constraint_check_type"])
            for entry in self.violations
        }

    def end(self, *flags: str, **environment: str) -> tuple[str, dict[str, Any]]:
        """Run the job; gives its exit message and the metrics of its log."""
        variables = {
            "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
            "dataset_source": "/opt/ml/processing/input/endpoint",
            "output_path": "/opt/ml/processing/reports",
            "start_time": "2026-11-05T14:00:00Z",
            "end_time": "2026-11-05T15:00:00Z",
            "publish_cloudwatch_metrics": "Enabled",
            "sagemaker_endpoint_name": "shop",
            "sagemaker_monitoring_schedule_name": "shop-hourly",
        }
        ended = self.run(self.base, "monitor", *flags, environment=variables | environment)
        assert ended.returncode == 0, ended.stderr
        *lines, message = ended.stdout.splitlines()
        assert (self.base / "output/message").read_text() == message
        return message, json.loads(lines[0]) if lines else {}


def record(body: str, answer: str, number: int, *, package: str = PACKAGE, minute: int = 10) -> dict[str, Any]:
    return {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": body, "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": answer, "encoding": "CSV"},
        },
        "eventMetadata": {
            "eventId": f"event-{number}",
            "inferenceId": f"visit-{number}",
            "customAttributes": [f"model_package={package}"],
            "inferenceTime": HOUR.format(minute=minute),
        },
        "eventVersion": "0",
    }


def write_lines(file: Path, documents: list[Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(document) + "\n" for document in documents))


def label(period: Period) -> None:
    target = period.base / "processing/input/outcomes/2026/11/06/03/labels.jsonl"
    target.parent.mkdir(parents=True)
    (period.base / "outcomes.jsonl").rename(target)


def facet(name: str, *, limit: float = 0.2, **more: Any) -> str:
    return "--facet=" + json.dumps({"name": name, "metrics": {"DPPL": limit}, **more})


def dppl(found: Period, name: str) -> dict[str, dict[str, float]]:
    groups = found.reports["analysis.json"]["post_training_bias_metrics"]["facets"][name]
    return {group["value_or_threshold"]: group["metrics"][0] for group in groups}


def bias_metrics(found: Period, name: str) -> dict[str, dict[str, Any]]:
    (group,) = found.reports["analysis.json"]["post_training_bias_metrics"]["facets"][name]
    return {entry["name"]: entry for entry in group["metrics"]}


WRONG_ABOUT = {"AD": 0.1, "RD": 0.3, "DPPL": 0.3}


def favour_returning(row: list[str]) -> None:
    row[2] = "Nov" if row[3] == "TRUE" else "Feb"
