"""What responses earn, compared on the embedded AWS: real servers and users, captured requests, outcomes in S3."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.rollout.runtime.canary_analysis import index
from slipway.canary.config import AnalysisConfig, Tolerances, ValueBounds
from slipway.rollout.plan import deployment_config
from slipway.settings import Rollout
from tests.archives import archive_of
from tests.rehearsal.cloud.process import CloudProcess, eventually

ROLE = "arn:aws:iam::000000000000:role/any"
BUCKET, ENDPOINT, SPEED = "artifacts", "shop", 60
LOSS, GAIN = -2.0, 5.5
HORIZON_SECONDS = 8 * SPEED
"""Of the rollout, so eight of real time: so old is a request when its outcome must have arrived."""
SECOND = 1.1
"""Times of captured requests and of S3 objects are whole seconds."""
CLOUD_OPTIONS = ("--speed", str(SPEED))
ROLLOUT = Rollout(bake_seconds=3600, timeout_seconds=7200)
CONFIG = AnalysisConfig(
    Tolerances(watches_scores=False, watches_value=True),
    "roll_back",
    60.0,
    "primary",
    deployment_config(ROLLOUT, ()),
    2,
    value=ValueBounds(LOSS, GAIN),
    value_horizon_seconds=HORIZON_SECONDS,
)
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}


@dataclass
class Shop:
    """An endpoint, its users, and the team that reports what came of their requests."""

    cloud: CloudProcess
    asked: int = 0
    evidence: Any = field(default=None)

    def config(self, name: str, x: float) -> str:
        """An endpoint config of a model that always answers `x`; returns its package."""
        self.cloud("s3").put_object(Bucket=BUCKET, Key=f"{name}.tar.gz", Body=archive_of({"model.json": {"x": x}}))
        sagemaker = self.cloud("sagemaker")
        container = {"Image": self.cloud.image, "ModelDataUrl": f"s3://{BUCKET}/{name}.tar.gz"}
        package: str = sagemaker.create_model_package(
            ModelPackageGroupName=ENDPOINT,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )["ModelPackageArn"]
        served = {**container, "Environment": {"SLIPWAY_MODEL_PACKAGE_ARN": package}}
        sagemaker.create_model(ModelName=name, PrimaryContainer=served, ExecutionRoleArn=ROLE)
        variant = {
            "VariantName": "primary",
            "ModelName": name,
            "InitialInstanceCount": 2,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1.0,
        }
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=CAPTURE
        )
        return package

    def endpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
        return found

    def begin_canary(self, name: str) -> None:
        routing = {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": ROLLOUT.bake_seconds,
        }
        policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
        self.cloud("sagemaker").update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=name, DeploymentConfig=policy)
        eventually(lambda: "Baking" in json.dumps(self.endpoint().get("PendingDeploymentSummary", {}), default=str))

    def responses(self, count: int) -> dict[str, float]:
        """What users get, by the inference id that the shop gives each request."""
        found = {}
        for _ in range(count):
            self.asked += 1
            answer = self.cloud("sagemaker-runtime").invoke_endpoint(
                EndpointName=ENDPOINT, Body=b"1", ContentType="text/csv", InferenceId=f"visit-{self.asked}"
            )
            found[f"visit-{self.asked}"] = float(answer["Body"].read())
        return found

    def report(self, outcomes: dict[str, float]) -> None:
        lines = (json.dumps({"inference_id": visit, "value": value}) + "\n" for visit, value in outcomes.items())
        self.cloud("s3").put_object(Bucket=BUCKET, Key=f"outcomes/{time.time_ns()}.jsonl", Body="".join(lines).encode())

    def poll(self, *, package: str, previous: str) -> dict[str, Any]:
        event = {
            "endpoint": ENDPOINT,
            "package": package,
            "previous_package": previous,
            "previous_config": "blue",
            "checkpoint": json.loads(json.dumps(self.evidence)),
            "clock": {"seconds": SPEED, "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:01Z"},
        }
        answer = index.handler(event, None)
        self.evidence = answer["checkpoint"]
        return answer


@pytest.fixture
def shop(cloud: CloudProcess, account: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The function's own clients ask the embedded AWS."""
    cloud("s3").create_bucket(Bucket=BUCKET)
    cloud("sagemaker").create_model_package_group(ModelPackageGroupName=ENDPOINT)
    monkeypatch.setenv("CANARY_ANALYSIS", CONFIG.to_json())
    monkeypatch.setenv("ARTIFACTS_BUCKET", BUCKET)
    return Shop(cloud)


def test_a_model_whose_responses_earn_less_is_rolled_back_by_outcomes_that_came_in_time(shop: Shop) -> None:
    blue = shop.config("blue", 0.2)
    shop.cloud("sagemaker").create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="blue")
    eventually(lambda: shop.endpoint()["EndpointStatus"] == "InService", seconds=60)
    green = shop.config("green", 0.8)
    shop.begin_canary("green")
    assert shop.poll(package=green, previous=blue)["explanation"].startswith("extend: ")

    shop.responses(4)
    time.sleep(SECOND)  # both fleets have answered before what counts begins

    # The new model's responses lose what the old one's gain; of some visits nothing is reported until it is too late.
    visits = shop.responses(60)
    worth = {visit: GAIN if x == 0.2 else LOSS for visit, x in visits.items()}
    late = {visit: worth.pop(visit) for visit in list(visits)[-10:]}
    shop.report(worth)
    time.sleep(HORIZON_SECONDS / SPEED + 2 * SECOND)
    shop.report(late)
    shop.responses(4)  # nothing that is older than these is still to be captured

    def value() -> dict[str, float]:
        shop.poll(package=green, previous=blue)
        return dict(shop.evidence["value"])

    eventually(lambda: (seen := value())["green_count"] + seen["blue_count"] >= len(worth), seconds=30)
    counts = {x: sum(visits[visit] == x for visit in worth) for x in (0.2, 0.8)}
    assert min(counts.values()) > 0
    seen = value()
    assert (seen["blue_count"], seen["green_count"]) == (counts[0.2], counts[0.8])
    assert (seen["blue_sum"], seen["green_sum"]) == (GAIN * counts[0.2], LOSS * counts[0.8])
    assert shop.evidence["decision"] == 2
    assert shop.evidence["explanation"].startswith("roll back: value: -2")
