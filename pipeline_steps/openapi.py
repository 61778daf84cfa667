"""openapi: the OpenAPI document of a model, as its server gives it at `/openapi.json`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser
from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.paths import Paths
from pipeline_steps.server.openapi import openapi_document


def parser() -> StepParser:
    """The command line of `openapi`."""
    made = StepParser("openapi")
    made.add_argument("--model", type=Path, required=True, metavar="FILE", help="a model.tar.gz")
    return made


def main(argv: Sequence[str], _paths: Paths) -> None:
    """Print the document."""
    artifact = read_archive(parser().parse_args(argv).model)
    document = openapi_document(artifact.contract, artifact.scorer)
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
