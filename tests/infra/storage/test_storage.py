"""The key and the buckets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.stages import UseCaseStacks
from slipway.settings import Settings

Resources = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def buckets(resources: Resources) -> list[dict[str, Any]]:
    return resources("AWS::S3::Bucket", "storage")


def _takes_logs(bucket: dict[str, Any]) -> bool:
    return "LoggingConfiguration" not in bucket["Properties"]


def test_there_is_one_key_a_use_case_and_it_rotates(resources: Resources) -> None:
    (key,) = resources("AWS::KMS::Key")
    assert key["Properties"]["EnableKeyRotation"] is True


def test_every_bucket_but_the_one_for_logs_is_logged_and_uses_the_key(buckets: list[dict[str, Any]]) -> None:
    assert sum(_takes_logs(bucket) for bucket in buckets) == 1
    for bucket in buckets:
        (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        used = rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
        assert used == ("AES256" if _takes_logs(bucket) else "aws:kms")


def test_data_is_deleted_with_its_stack_only_if_the_settings_say_so(
    synth: Callable[..., tuple[UseCaseStacks, Path]],
    settings: Settings,
    resources: Resources,
    buckets: list[dict[str, Any]],
) -> None:
    assert settings.keep_data is False
    assert {bucket["DeletionPolicy"] for bucket in buckets} == {"Delete"}
    kept, _ = synth(settings.model_copy(update={"keep_data": True}))
    template = Template.from_stack(kept.storage)
    for type_ in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        for bucket in template.find_resources(type_).values():
            assert bucket["DeletionPolicy"] == "Retain"


def test_no_function_empties_a_bucket(resources: Resources) -> None:
    assert resources("AWS::Lambda::Function", "storage") == []


def test_users_requests_expire(buckets: list[dict[str, Any]], settings: Settings) -> None:
    rules = [rule for bucket in buckets for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert days == {
        **dict.fromkeys(("capture/", "outcomes/", "canary-analysis/"), settings.endpoint.capture_days),
        "pipeline/splits/": settings.training.split_days,
        "pipeline/checkpoints/": 14,
    }
    # In a bucket that keeps versions, what has expired is still there as an older one.
    assert {rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules if "Prefix" in rule} == {1}
