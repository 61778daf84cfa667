"""An endpoint with users in the embedded AWS, for `benchmarks/real_rollouts.py` to update again and again."""

import csv
import itertools
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.workbench import PROJECT, Workbench
from rehearsal.endpoints.load_generator import LoadGenerator
from rehearsal.journey.artifact_faults import inject_fault
from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.journey.embedded_aws import EmbeddedAws, embedded_aws
from rehearsal.journey.fleet_metrics import invocations
from rehearsal.journey.options import RehearsalOptions
from slipway.rollout.new_fleet_alarms import new_fleet_alarms, server_environment
from slipway.rollout.plan import deployment_config
from slipway.settings import Settings, load_settings
from tests.rehearsal.cloud.process import build_image

CONFIG = PROJECT / "config" / "shoppers.toml"
BUCKET, VARIANT = "artifacts", "primary"
ROLE = "arn:aws:iam::000000000000:role/serving"
STATES = ("Provisioning", "Shifting", "Baking", "FinalBaking", "Terminating", "Promoted")
ROWS_A_REQUEST = 10
"""Users send a few rows at a time, so that a shift can be seen in bakes that last seconds."""


@dataclass(frozen=True)
class Row:
    """One rollout."""

    kind: str
    verdict: str
    by: str
    exposed: int
    requests: int
    failed: int
    failed_by_new_fleet: int
    dropped: int
    restarts: int
    seconds: float


def train(settings: Settings, folder: Path) -> tuple[bytes, list[bytes]]:
    """A model's archive, and the bodies that users send it."""
    table, bench = folder / "table.csv", Workbench(folder / "bench")
    write_demo_csv(table, rows=6000, seed=1)
    bench.prepare(table, settings)
    return bench.train(algorithm="xgboost", num_round="60", eta="0.2"), _bodies(table, settings)


def _bodies(table: Path, settings: Settings) -> list[bytes]:
    with table.open(newline="") as file:
        rows = [",".join(row[name] for name in settings.data.columns) for row in csv.DictReader(file)]
    random.Random(0).shuffle(rows)  # noqa: S311 (the table is in the order of its months, users are not)
    return [("\n".join(rows[i : i + ROWS_A_REQUEST]) + "\n").encode() for i in range(0, len(rows), ROWS_A_REQUEST)]


class Shop:
    """An endpoint with users in the embedded AWS, and candidates of every kind for it."""

    def __init__(
        self, aws: EmbeddedAws, settings: Settings, workdir: Path, archive: bytes, traffic: LoadGenerator
    ) -> None:
        self.aws, self.settings, self._workdir, self._traffic = aws, settings, workdir, traffic
        self.name = settings.names.endpoint
        self._numbers = itertools.count(1)
        aws.client("s3").create_bucket(Bucket=BUCKET)
        for fault, content in (("", archive), ("shift", inject_fault(archive, "shift"))):
            aws.client("s3").put_object(Bucket=BUCKET, Key=f"model{fault}.tar.gz", Body=content)
        aws.client("sagemaker").create_model_package_group(ModelPackageGroupName="shop")
        self._image = build_image(aws.client, PROJECT / "pipeline_steps")

    def open(self) -> None:
        """Create the endpoint, and let the users come."""
        config, _ = self._config("healthy")
        self.aws.client("sagemaker").create_endpoint(EndpointName=self.name, EndpointConfigName=config)
        self._settled()
        self._traffic.start()

    def roll_out(self, kind: str, number: int) -> Row:
        """Update the endpoint with a new candidate, and see how it ends."""
        sagemaker, cloudwatch = self.aws.client("sagemaker"), self.aws.client("cloudwatch")
        config, package = self._config(kind)
        alarms = new_fleet_alarms(
            self.settings.rollout, endpoint_name=self.name, config_name=config, package_arn=package
        )
        names = [alarm["AlarmName"] for alarm in alarms.values()]
        for alarm in alarms.values():
            cloudwatch.put_metric_alarm(**alarm)
        before, began = self._traffic.snapshot(), time.time()
        sagemaker.update_endpoint(
            EndpointName=self.name,
            EndpointConfigName=config,
            RetainAllVariantProperties=True,
            DeploymentConfig=deployment_config(self.settings.rollout, names),
        )
        if kind.startswith("killed"):
            self._kill(STATES[number % len(STATES)])
        ended = self._settled()
        time.sleep(1.5)  # the last metrics are on their way
        seen = self._traffic.snapshot().since(before)
        served, failed = (
            sum(
                count
                for _, count in invocations(
                    self.aws, endpoint=self.name, config=config, since=began, counted=(name, "Sum")
                )
            )
            for name in ("Invocations", "InvocationModelErrors")
        )
        cloudwatch.delete_alarms(AlarmNames=names)
        return Row(
            kind=kind,
            verdict="promoted" if ended["EndpointConfigName"] == config else "rolled back",
            by=next((name.rpartition("-")[2] for name in names if name in ended.get("FailureReason", "")), ""),
            exposed=int(served),
            requests=seen.sent,
            failed=seen.failed,
            failed_by_new_fleet=int(failed),
            dropped=seen.dropped,
            restarts=sum("controller" in row for row in self._journal()) - 1,
            seconds=round(time.time() - began - 1.5, 2),
        )

    def _config(self, kind: str) -> tuple[str, str]:
        """A new package, model and endpoint config of the kind; the config's name and the package's ARN."""
        sagemaker, name = self.aws.client("sagemaker"), f"shop-{next(self._numbers)}"
        fault = kind.removeprefix("killed ")
        image = f"{self._image.rpartition(':')[0]}:fault-{fault}" if fault in ("errors", "slow") else self._image
        url = f"s3://{BUCKET}/model{'shift' if fault == 'shift' else ''}.tar.gz"
        package: str = sagemaker.create_model_package(
            ModelPackageGroupName="shop",
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": url}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        container = {"ModelPackageName": package, "Environment": server_environment(self.name, package)}
        sagemaker.create_model(ModelName=name, Containers=[container], ExecutionRoleArn=ROLE)
        variant = {
            "VariantName": VARIANT,
            "ModelName": name,
            "InitialInstanceCount": self.settings.endpoint.instance_count,
            "InstanceType": "ml.m5.large",
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        return name, package

    def _settled(self) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self.aws.client("sagemaker").describe_endpoint(EndpointName=self.name)
            if found["EndpointStatus"] not in ("Creating", "Updating"):
                return found
            time.sleep(0.05)

    def _kill(self, state: str) -> None:
        """Kill the controller as soon as it has written that it intends `state`, or is about to end."""
        while True:
            rows = self._journal()
            reached = [row["state"]["phase"] for row in rows if "state" in row]
            if state in reached or {"RolledBack", "Promoted"} & set(reached):
                pid = [row["controller"] for row in rows if "controller" in row][-1]
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    return  # it had just ended
                return
            time.sleep(0.002)

    def _journal(self) -> list[dict[str, Any]]:
        """The newest rollout's, as far as it is written."""
        found = list((self._workdir / "cloud").rglob(f"rollout-{self.name}-*.jsonl"))
        if not found:
            return []
        newest = max(found, key=lambda path: int(path.stem.rpartition("-")[2]))
        return [json.loads(line) for line in newest.read_text().splitlines(keepends=True) if line.endswith("\n")]


@contextmanager
def shop(speed: float, requests_per_second: float) -> Iterator[Shop]:
    """An open shop; everything ends with the block."""
    settings = load_settings(CONFIG, "dev")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workdir = Path(folder)
        archive, bodies = train(settings, workdir)
        with embedded_aws(RehearsalOptions(config=CONFIG, speed=speed), workdir) as aws:
            traffic = LoadGenerator(
                aws.endpoint_url, settings.names.endpoint, bodies, "text/csv", requests_per_second, key=aws.key
            )
            opened = Shop(aws, settings, workdir, archive, traffic)
            opened.open()
            try:
                yield opened
            finally:
                traffic.stop()
