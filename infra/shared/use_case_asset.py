"""What the container must know of the use case, as a file that CDK uploads."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from slipway.settings import Settings
from slipway.training import use_case_document


def use_case_asset(scope: Construct, settings: Settings) -> s3_assets.Asset:
    """Upload it: its key is the content's hash, so that a change prepares anew."""
    with TemporaryDirectory() as folder:  # CDK copies the file at once
        file = Path(folder, "use_case.json")
        file.write_text(json.dumps(use_case_document(settings), indent=1, sort_keys=True), encoding="utf-8")
        return s3_assets.Asset(scope, "UseCase", path=str(file))
