"""A use case whose table changes under a live model: from the new table to the gate of its rollout."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.gates.contract_gate import check_contract
from pipeline_steps.tables.use_case import Column
from tests.model_registry import registry
from tests.pipeline_steps.shop import HEADER, USE_CASE, lay_use_case, shop_rows, write_rows
from tests.pipeline_steps.test_jobs import GATE_FLAGS

VISITS = HEADER.index("visits")


def device(row: Sequence[str], place: int) -> str:
    return random.Random(",".join(row) + str(place)).choice(["phone", "desk"])  # noqa: S311 (made-up data)


@pytest.fixture
def next_launch(jobs, run_verb, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], Path]]:
    """Train on the shop's table with other columns; gives `evaluation.json` beside the old champion, and the model."""

    def launch(columns: Sequence[Column], header: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
        prepared, job, evaluation = (tmp_path / name for name in ("prepare", "train", "evaluate"))
        write_rows(prepared / "processing/input/data/table.csv", rows, header)
        lay_use_case(prepared, replace(USE_CASE, columns=tuple(columns)))
        assert run_verb(prepared, "prepare").returncode == 0
        outputs, inputs = prepared / "processing/output", evaluation / "processing/input"
        for split in ("train", "validation", "test", "profile"):
            shutil.copytree(outputs / split, inputs / split)
            if split in ("train", "validation"):
                shutil.copytree(outputs / split, job / "input/data" / split)
        (job / "input/config").mkdir()
        (job / "input/config/hyperparameters.json").write_text(json.dumps({"algorithm": "linear"}))
        assert run_verb(job, "train").returncode == 0
        for name in ("candidate", "baseline"):
            jobs.archive(job, inputs / name / "model.tar.gz")
        champion = jobs.archive(jobs.boosted, tmp_path / "champion.tar.gz")
        with registry(champion.read_bytes()) as environment:
            ended = run_verb(evaluation, "evaluate", *GATE_FLAGS, environment=environment)
        assert ended.returncode == 0, ended.stderr
        found = json.loads((evaluation / "processing/output/evaluation/evaluation.json").read_text())
        return found, evaluation / "processing/output/model/model.tar.gz"

    return launch


def test_after_a_column_is_gone_the_champion_is_not_compared_and_one_switch_lets_the_model_live(
    next_launch, jobs, tmp_path: Path
) -> None:
    columns = [column for column in USE_CASE.columns if column.name != "visits"]
    rows = [row[:VISITS] + row[VISITS + 1 :] for row in shop_rows(1200)]
    found, model = next_launch(columns, HEADER[:VISITS] + HEADER[VISITS + 1 :], rows)
    assert found["champion"] is None
    assert found["champion_not_comparable"]["words"] == "not comparable: column visits is gone"
    assert found["gate"]["passed"], found["gate"]["reasons"]
    champion = read_archive(jobs.archive(jobs.boosted, tmp_path / "champion.tar.gz"))
    refused, _ = check_contract(model, champion)
    assert refused.reasons[0].startswith("column visits must stay, it is gone")
    accepted, _ = check_contract(model, champion, accepted=refused.change)
    assert (accepted.reasons, accepted.accepted) == ((), True)
    afterwards, _ = check_contract(model, read_archive(model), accepted=refused.change)
    assert (afterwards.reasons, afterwards.accepted, afterwards.change) == ((), False, "")


def test_where_a_further_column_sends_rows_to_other_splits_the_champion_is_not_compared(next_launch) -> None:
    rows = [[*row[:-1], device(row, place), row[-1]] for place, row in enumerate(shop_rows(1200))]
    header = [*HEADER[:-1], "device", HEADER[-1]]
    found, model = next_launch([*USE_CASE.columns, Column("device", "category")], header, rows)
    seen = found["champion_seen_test_rows"]
    assert seen > 0.4 * found["data"]["rows"]["test"]
    assert found["champion_not_comparable"]["words"] == (
        f"not comparable: it was trained on {seen} of the {found['data']['rows']['test']} test rows"
    )
    assert found["champion"] is None
    assert [column.name for column in read_archive(model).contract.columns][-1] == "device"
