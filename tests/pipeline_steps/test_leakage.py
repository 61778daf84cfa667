"""Training never depends on the rows of the test split."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_steps import prepare, train
from pipeline_steps.paths import Paths
from pipeline_steps.tables.split import SPLITS
from pipeline_steps.tables.use_case import SplitPlan
from tests.pipeline_steps.shop import HEADER, USE_CASE, lay_use_case, shop_rows, write_rows

Row = list[str]
FEW_ROUNDS = {"linear": {"alpha": "0.01"}, "xgboost": {"num_round": "10"}}
BY_VISITOR = replace(USE_CASE, split=SplitPlan(method="id", column="visitor"))


def prepared(folder: Path, rows: list[Row]) -> Path:
    """Split rows by the identifier that each begins with."""
    write_rows(folder / "processing/input/data/table.csv", rows, ["visitor", *HEADER])
    lay_use_case(folder, BY_VISITOR)
    prepare.main([], Paths(folder))
    return folder / "processing/output"


def trained(folder: Path, splits: Path, algorithm: str) -> dict[str, bytes]:
    """Train with every split in reach, and give the files of the artifact."""
    for name in SPLITS:
        shutil.copytree(splits / name, folder / "input/data" / name)
    given = folder / "input/config/hyperparameters.json"
    given.parent.mkdir(parents=True)
    given.write_text(json.dumps({"algorithm": algorithm, **FEW_ROUNDS[algorithm]}))
    train.main([], Paths(folder))
    return {file.name: file.read_bytes() for file in (folder / "model").iterdir()}


@pytest.mark.parametrize("algorithm", FEW_ROUNDS)
def test_garbage_in_the_test_split_leaves_the_artifact_as_it_is(algorithm: str, tmp_path: Path) -> None:
    rows = [[f"visitor {place}", *row] for place, row in enumerate(shop_rows(240))]
    splits = prepared(tmp_path / "as it is", rows)
    tested = set((splits / "test/data.csv").read_text().splitlines())
    garbled = [garbage(row) if ",".join(row[1:-1]) + f",{int(row[-1] == 'TRUE')}" in tested else row for row in rows]
    other = prepared(tmp_path / "garbled", garbled)
    changed = {
        name: (splits / name / "data.csv").read_bytes() != (other / name / "data.csv").read_bytes() for name in SPLITS
    }
    assert changed == {"train": False, "validation": False, "test": True}
    assert trained(tmp_path / "before", splits, algorithm) == trained(tmp_path / "after", other, algorithm)


def garbage(row: Row) -> Row:
    """The same visitor with extreme numbers, categories that no other has, and the other label."""
    visitor, visits, _, month, returning, bought = row
    return [
        visitor,
        f"-{visits}000000",
        "",
        f"{month} {visitor}",
        returning[::-1],
        "FALSE" if bought == "TRUE" else "TRUE",
    ]
