"""monitor as Model Monitor runs it: captures and the environment in, reports and a message out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest
from tests.pipeline_steps.monitor.periods import Period, record, write_lines


@pytest.fixture
def period(jobs, run_verb, shop, tmp_path: Path) -> Callable[..., Period]:
    """A period of the shop's visitors, as `change` alters their rows."""
    artifact = read_folder(jobs.boosted / "model")
    handle = Application(artifact.contract, artifact.scorer).handle
    jobs.archive(jobs.boosted, tmp_path / "processing/input/model/model.tar.gz")

    def make(change: Callable[[list[str]], object] = list, *, visitors: int = 600) -> Period:
        records, outcomes = [], []
        for number, row in enumerate(shop(visitors, seed=9)):
            bought = row.pop()
            request = HttpRequest("POST", "/invocations", {"content-type": "text/csv", "accept": "text/csv"})
            change(row)
            request.body = ",".join(row).encode()
            given = handle(request)
            records.append(
                record(request.body.decode(), given.body.decode() if given.status == 200 else "0.5\n", number)
            )
            truth = {"groundTruthData": {"data": bought, "encoding": "CSV"}, "eventVersion": "0"}
            outcomes.append({**truth, "eventMetadata": {"eventId": f"visit-{number}"}})
        write_lines(tmp_path / "processing/input/endpoint/shop/primary/2026/11/05/14/10-00-a.jsonl", records)
        write_lines(tmp_path / "outcomes.jsonl", outcomes)
        return Period(tmp_path, run_verb)

    return make
