"""What a transform job makes of a batch's requests, as SageMaker does it, without a job."""

import json
from collections.abc import Iterable
from pathlib import Path

from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest

_LINES = "application/jsonlines"


def transform(application: Application, requests: Path, responses: Path, *, lines: Iterable[str] | None = None) -> None:
    """Respond to every part, all records of it in one request; or write `lines` instead of the joined ones."""
    for part in sorted(requests.iterdir()):
        records = [json.loads(line) for line in part.read_text().splitlines()]
        body = "\n".join(json.dumps(record["features"]) for record in records)
        headers = {"content-type": _LINES, "accept": _LINES}
        response = application.handle(HttpRequest("POST", "/invocations", headers, body.encode()))
        assert response.status == 200
        made = [json.loads(line) for line in response.body.splitlines()]
        joined = [json.dumps({**r, "SageMakerOutput": m}) for r, m in zip(records, made, strict=True)]
        # SageMaker's pages do not agree on the folders below the output's prefix
        (responses / "requests").mkdir(parents=True, exist_ok=True)
        (responses / "requests" / f"{part.name}.out").write_text("".join(f"{line}\n" for line in lines or joined))
