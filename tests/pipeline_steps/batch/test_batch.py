"""Files to a transform job's input, and its output back to the rows."""

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastparquet
import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from pipeline_steps.batch.assembling import AssembledFile, Assembly, Predictions
from pipeline_steps.batch.batch_report import BatchLimits, BatchReport
from pipeline_steps.batch.collecting import CollectedFile, Collection
from pipeline_steps.batch.column_places import places_in_any_case
from pipeline_steps.batch.publishing import publish
from pipeline_steps.batch.requests import scored_rows
from pipeline_steps.errors import DataError, StepError
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.server.application import Application
from pipeline_steps.tables.use_case import TableFormat
from tests.contracts import binary_contract
from tests.transformed import transform

CONTRACT = binary_contract(
    (
        NumberColumn("visits", 0, 10, missing=True),
        CategoryColumn("month", ("Feb", "Nov"), other_code=2, accepts_unknown=False, missing=False),
    )
)
ROWS: list[tuple[str, Any, str]] = [("a", 1, "Nov"), ("b", 2.5, "Feb"), ("c", None, "Nov"), ("d", 4, "Juli")]
"""The last one is refused by the model's contract."""


class Scorer:
    def score(self, features: Any) -> Any:
        return np.nan_to_num(features[:, 0]) / np.float32(10)


def application() -> Application:
    return Application(CONTRACT, Scorer(), batch=True)  # type: ignore[arg-type]


class Batch:
    def __init__(self, folder: Path, *, table_format: TableFormat | None = None) -> None:
        self.source, self.requests, self.responses, self.results = (
            folder / name for name in ("source", "requests", "responses", "results")
        )
        self.source.mkdir(parents=True)
        self.requests.mkdir()
        self._format, self._failed = table_format or TableFormat(), io.StringIO()

    def collect(self, **options: Any) -> list[CollectedFile]:
        return Collection(CONTRACT.columns, self._format, **{"max_bytes": 6_000, **options}).collect(
            self.source, self.requests
        )

    def assemble(self, collected: Sequence[CollectedFile]) -> list[AssembledFile]:
        self.assembly = Assembly(CONTRACT, self._format, max_bytes=6_000, failed=self._failed)
        return self.assembly.assemble(self.source, collected, scored_rows(self.responses), self.results)

    def score(self, **options: Any) -> list[AssembledFile]:
        collected = self.collect(**options)
        transform(application(), self.requests, self.responses)
        return self.assemble(collected)

    @property
    def failed(self) -> list[tuple[str, int, str]]:
        rows = [json.loads(line) for line in self._failed.getvalue().splitlines()]
        return [(row["file"], row["row"], row["reason"]) for row in rows]


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path)


def test_a_csv_file_comes_back_row_by_row_with_predictions_and_its_other_columns(batch: Batch) -> None:
    (batch.source / "day").mkdir()
    text = 'id,visits,month,note\na,1,Nov,"x, y"\nb,2.5,Feb,\n\nc,NA,Nov,z\nd,4,Juli,\ne,5\nf,six,Nov,\n'
    (batch.source / "day/table.csv").write_text(text)
    (found,) = batch.score(rows_a_part=2)
    assert found == AssembledFile("day/table.csv", rows=6, scored=3, failed=3)
    assert (batch.results / "day/table.csv.out").read_text() == (
        "id,visits,month,note,prediction_score,prediction_label\n"
        'a,1,Nov,"x, y",0.100000001,0\n'
        "b,2.5,Feb,,0.25,0\n"
        "c,NA,Nov,z,0,0\n"
    )
    reasons = {row: reason for _, row, reason in batch.failed}
    assert list(reasons) == [4, 5, 6]
    assert "column month must be one of 'Feb', 'Nov'" in reasons[4]
    assert reasons[5] == "it must have 4 cells like the header, got 2"
    assert reasons[6] == "column visits must be a number or missing, got 'six'"


def test_lines_of_json_come_back_as_they_were_with_one_more_member(batch: Batch) -> None:
    lines = ['{"id": 7, "visits": 1.50, "month": "Nov"}', '[2, "Feb"]', "{]", "", '{"visits": 3}', '"text"']
    (batch.source / "rows.jsonl").write_text("\n".join(lines))
    (batch.source / "_SUCCESS").touch()  # as Spark ends its output
    (found,) = batch.score()
    assert (found.rows, found.scored, found.failed) == (5, 2, 3)
    assert (batch.results / "rows.jsonl.out").read_text() == (
        '{"id": 7, "visits": 1.50, "month": "Nov","prediction":{"score":0.150000006,"label":0}}\n'
        '{"row":[2, "Feb"],"prediction":{"score":0.200000003,"label":0}}\n'
    )
    assert [(row, reason.split(":")[0]) for _, row, reason in batch.failed] == [
        (3, "it must be a line of JSON"),
        (4, "column month is absent"),
        (5, "it must be an object or a list, got 'text'"),
    ]


def test_parquet_comes_back_as_parquet(batch: Batch) -> None:
    table = pd.DataFrame(ROWS, columns=["id", "Visits", "month"])
    name = "20261129_120000_00042_k7x2p_0a1b"  # as Athena names what it unloads
    fastparquet.write(str(batch.source / name), table, compression="SNAPPY")
    (found,) = batch.score()
    assert (found.rows, found.scored, found.failed) == (4, 3, 1)
    content = (batch.results / f"{name}.out").read_bytes()
    result = fastparquet.ParquetFile(io.BytesIO(content)).to_pandas()
    assert result["id"].tolist() == ["a", "b", "c"]
    assert result["prediction_score"].tolist() == pytest.approx([0.1, 0.25, 0])
    assert [(file, row) for file, row, _ in batch.failed] == [(name, 4)]


def test_parquet_columns_are_found_in_lower_case_as_athena_writes_them() -> None:
    assert places_in_any_case(["Month", "VisitorType", "id"], ["id", "visitortype", "month"], "t") == {
        "id": 0,
        "VisitorType": 1,
        "Month": 2,
    }
    assert places_in_any_case(["Month"], ["month", "Month", "MONTH"], "t") == {"Month": 1}
    assert places_in_any_case(["Month", "month"], ["month", "Month"], "t") == {"month": 0, "Month": 1}
    assert places_in_any_case(["Month"], ["monthly"], "t") == {}


@pytest.mark.parametrize(
    ("names", "header", "reason"),
    [
        (["Month"], ["month", "MONTH"], "column Month must be clear without its case, got month and MONTH in t"),
        (["Month", "month"], ["MONTH"], "column Month must have this very name in t, got MONTH: the model has columns"),
    ],
)
def test_names_that_are_not_clear_without_their_case_are_refused(
    names: list[str], header: list[str], reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        places_in_any_case(names, header, "t")


@pytest.mark.parametrize("name", ["prediction_score", " Prediction_score"])
def test_a_file_with_a_column_that_results_add_is_refused_however_it_is_written(batch: Batch, name: str) -> None:
    (batch.source / "table.csv").write_text(f"visits,month,{name}\n1,Nov,2\n")
    with pytest.raises(DataError, match="no column that begins with prediction_, got"):
        batch.collect()


def test_cells_are_read_as_training_reads_them(tmp_path: Path) -> None:
    batch = Batch(tmp_path, table_format=TableFormat(missing=("unbekannt",)))
    with gzip.open(batch.source / "table.csv.gz", "wt", encoding="cp1252") as file:
        file.write("Größe;visits;month\n1;2,5;Nov\n2;unbekannt;Feb\n")
    (found,) = batch.score()
    assert found.failed == 0
    with gzip.open(batch.results / "table.csv.gz.out", "rt", encoding="utf-8") as file:
        assert file.read().splitlines() == [
            "Größe;visits;month;prediction_score;prediction_label",
            "1;2,5;Nov;0,25;0",
            "2;unbekannt;Feb;0;0",
        ]


def test_several_files_keep_their_rows_apart(batch: Batch) -> None:
    for name in ("b.csv", "a.csv"):
        rows = "".join(f"{number},Nov\n" for number in range(5))
        (batch.source / name).write_text(f"visits,month\n{rows}")
    (batch.source / "c.csv").write_text("visits,month\n")
    found = batch.score(rows_a_part=3)
    assert [(each.name, each.rows, each.scored) for each in found] == [
        ("a.csv", 5, 5),
        ("b.csv", 5, 5),
        ("c.csv", 0, 0),
    ]
    assert len(list(batch.requests.iterdir())) == 4
    assert (batch.results / "c.csv.out").read_text() == "visits,month\n"


def test_a_cell_longer_than_the_csv_module_reads_by_itself_is_kept(batch: Batch) -> None:
    long = "x" * 131_073
    (batch.source / "table.csv").write_text(f"visits,month,note\n1,Nov,{long}\n2,{long},y\n")
    (found,) = batch.score()
    assert (found.scored, found.failed) == (1, 1)
    assert (batch.results / "table.csv.out").read_text().splitlines()[1].startswith(f"1,Nov,{long},0.1")
    assert "batch.max_payload_mb" in batch.failed[0][2]


def test_a_row_above_the_payloads_limit_is_reported_and_never_sent(batch: Batch) -> None:
    (batch.source / "rows.jsonl").write_text(json.dumps({"month": "x" * 6_000}) + '\n{"visits": 1, "month": "Nov"}\n')
    (found,) = batch.score()
    assert (found.scored, found.failed) == (1, 1)
    assert "batch.max_payload_mb" in batch.failed[0][2]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.csv", b'visits,month\n1,Nov\n"2,Nov\n', "row 2 of cut.csv must be readable CSV"),
        ("table.csv", b"visits,month,prediction_score\n1,Nov,0\n", "no column that begins with prediction_"),
        ("table.csv", b"visits,visits,month\n1,2,Nov\n", "must occur once"),
        ("table.parquet", b"PAR1 and nothing more", "cut off"),
    ],
)
def test_a_file_that_cannot_be_read_refuses_the_batch_and_the_others_are_still_scored(
    batch: Batch, name: str, content: bytes, reason: str
) -> None:
    (batch.source / name).write_bytes(content)
    (batch.source / "zz.csv").write_text("visits,month\n1,Nov\n")
    found = batch.score()
    assert reason in found[0].unreadable
    assert (found[1].scored, found[1].unreadable) == (1, "")
    report = BatchReport("arn", found, {}, BatchLimits(max_failed_percent=100, max_prediction_drift=1))
    assert "could not be read to its end" in report.to_document()["refusals"]


def test_a_batch_without_a_row_for_the_model_ends_with_the_first_reason(batch: Batch) -> None:
    (batch.source / "rows.jsonl").write_text("nothing\n")
    with pytest.raises(DataError, match=r"at least one row must be fit .* none in 1 file: row 1 of rows"):
        batch.collect()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            ['{"file":0,"row":1,"features":{},"SageMakerOutput":{"score":0.1,"label":0}}'],
            "row 2 of t.csv here, got its end",
        ),
        (['{"file":0,"row":2,"SageMakerOutput":{"score":0.1,"label":0}}'], "got row 2 of file 0"),
        (['{"file":0,"row":1}'], "must have file, row and SageMakerOutput in line 1"),
        (['{"file":0,"row":1,"SageMakerOutput":{"mean":1}}'], "must have a prediction of this model"),
    ],
)
def test_an_output_that_lacks_or_mixes_rows_ends_the_batch(batch: Batch, lines: list[str], reason: str) -> None:
    (batch.source / "t.csv").write_text("visits,month\n1,Nov\n2,Nov\n")
    collected = batch.collect()
    transform(application(), batch.requests, batch.responses, lines=lines)
    with pytest.raises(StepError, match=reason):
        batch.assemble(collected)


@pytest.mark.parametrize(
    ("failed", "drift", "refusals"),
    [(1, 0.1, 0), (2, 0.1, 1), (0, 0.3, 1), (2, 0.3, 2)],
)
def test_failed_rows_and_drift_above_their_limits_refuse(failed: int, drift: float, refusals: int) -> None:
    files = [AssembledFile("t.csv", rows=100, scored=100 - failed, failed=failed)]
    report = BatchReport("arn", files, {"score": drift}, BatchLimits(max_failed_percent=1, max_prediction_drift=0.25))
    assert report.to_document()["refusal_count"] == refusals
    assert report.message.startswith("Refused" if refusals else "Completed")


def test_labels_that_are_no_numbers_are_compared_by_their_place() -> None:
    predictions = Predictions()
    predictions.add(CONTRACT, {"score": 0.75, "label": 1})
    assert (predictions.scores, predictions.labels) == ([0.75], [1.0])


class Store:
    """An S3 that keeps what is copied, in order, and refuses one key."""

    def __init__(self, keys: Sequence[str], *, refused: str = "") -> None:
        self.keys, self.refused, self.written = keys, refused, []

    def get_paginator(self, _: str) -> "Store":
        return self

    def paginate(self, *, Prefix: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803
        return [{"Contents": [{"Key": key, "Size": 1} for key in self.keys if key.startswith(Prefix)]}]

    def copy(self, _source: dict[str, str], _bucket: str, key: str, **_: Any) -> None:
        if key == self.refused:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "CopyObject")
        self.written.append(key)

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803
        self.written.append(Key)
        self.manifest = json.loads(Body)


def test_the_manifest_is_written_last_and_never_of_results_that_are_incomplete() -> None:
    keys = ["work/results/day/t.csv.out", "work/report/batch.json"]
    sources = ("s3://b/work/results", "s3://b/work/report")
    store = Store(keys)
    assert publish(sources, "s3://b/published/1", {"rows": 2}, s3=store, kms_key="k") == 2
    assert store.written == ["published/1/day/t.csv.out", "published/1/batch.json", "published/1/manifest.json"]
    assert store.manifest["objects"][0] == {"name": "day/t.csv.out", "bytes": 1}
    store = Store(keys, refused="published/1/batch.json")
    with pytest.raises(StepError, match="could not be published"):
        publish(sources, "s3://b/published/1", {}, s3=store, kms_key="k")
    assert store.written == ["published/1/day/t.csv.out"]


def test_a_publication_that_is_killed_counts_for_nothing_and_is_complete_when_it_is_done_again() -> None:
    class Killed(BaseException):
        pass

    class Dying(Store):
        def copy(self, _source: dict[str, str], _bucket: str, key: str, **_: Any) -> None:
            if key == self.refused:
                raise Killed
            self.written.append(key)

    sources = ("s3://b/work/results", "s3://b/work/report")
    store = Dying(["work/results/t.csv.out", "work/report/batch.json"], refused="published/1/batch.json")
    with pytest.raises(Killed):
        publish(sources, "s3://b/published/1", {}, s3=store, kms_key="k")
    assert store.written == ["published/1/t.csv.out"], "no manifest: the folder is not complete"
    store.refused = ""
    assert publish(sources, "s3://b/published/1", {}, s3=store, kms_key="k") == 2
    assert (store.written[-1], len(store.manifest["objects"])) == ("published/1/manifest.json", 2)
