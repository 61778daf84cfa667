"""A CDK app as `app.py` makes it, without a use case."""

import json
from pathlib import Path

import aws_cdk as cdk

PROJECT = Path(__file__).resolve().parents[2]


def app_at(out: Path, *, validate: bool = False) -> cdk.App:
    """With the feature flags of cdk.json; to `validate` takes seconds."""
    return cdk.App(
        outdir=str(out),
        context=json.loads((PROJECT / "cdk.json").read_text())["context"],
        analytics_reporting=False,
        builtin_cloud_formation_validation=validate,
    )
