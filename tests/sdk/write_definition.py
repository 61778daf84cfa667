"""Write the definitions that SageMaker's SDK makes of use cases:  write_definition.py REQUEST.json ANSWER.json

Runs in the SDK's environment. The first attempt to reach a network ends it: no AWS is needed, and none is asked.
"""

import json
import sys
from pathlib import Path
from typing import Any


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise SystemExit(f"the SDK must ask nobody, got {event}{arguments}")


def main(argv: list[str]) -> None:
    """Build one definition for each settings file that the request names."""
    request = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    sys.addaudithook(refuse_network)

    import boto3  # noqa: PLC0415 -- the hook comes before anything of the SDK
    from sagemaker.core.workflow.pipeline_context import PipelineSession  # noqa: PLC0415
    from sdk_pipeline import SdkPipeline  # noqa: PLC0415

    from slipway.settings import load_settings  # noqa: PLC0415

    places = request["places"]
    session = PipelineSession(boto3.Session(), default_bucket=places["bucket"])
    answer = {}
    for name, path in request["settings"].items():
        settings = load_settings(Path(path), "dev")
        pipeline = SdkPipeline(settings, session, data_uri=f"s3://{places['bucket']}/data/", **places).whole()
        answer[name] = json.loads(pipeline.definition())
    Path(argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv)
