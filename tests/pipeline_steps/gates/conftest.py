"""Artifacts of the shop's models, whole or changed, and captured requests."""

import csv
import io
import json
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from tests.archives import archive_of
from tests.pipeline_steps.verbs import run_verb

Files = dict[str, bytes]


@pytest.fixture(scope="session")
def champion_files(jobs: Any) -> Files:
    """The boosted model's four files."""
    return {path.name: path.read_bytes() for path in (jobs.boosted / "model").iterdir()}


@pytest.fixture(scope="session")
def pack() -> Callable[[Path, Files], Path]:
    """Write files as a `model.tar.gz`."""

    def write(target: Path, files: Files) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive_of({f"./{name}": content for name, content in files.items()}))
        return target

    return write


@pytest.fixture(scope="session")
def with_document() -> Callable[[Files, str, Callable[[dict[str, Any]], None]], Files]:
    """Change one of the JSON files."""

    def change(files: Files, name: str, edit: Callable[[dict[str, Any]], None]) -> Files:
        document = json.loads(files[name])
        edit(document)
        return files | {name: json.dumps(document).encode()}

    return change


@pytest.fixture(scope="session")
def with_nodes(champion_files: Files) -> Callable[..., Files]:
    """Put nodes between the champion's score and its output; they take `raw` (or `features`) and give `score`."""

    def change(
        nodes: onnx.NodeProto | list[onnx.NodeProto],
        constants: Mapping[str, float],
        indices: Mapping[str, int] | None = None,
    ) -> Files:
        model = onnx.load_from_string(champion_files["model.onnx"])
        for name, index in (indices or {}).items():
            model.graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [], [index]))
        for node in model.graph.node:
            node.output[:] = ["raw" if name == "score" else name for name in node.output]
        for name, value in constants.items():
            model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        model.graph.node.extend(nodes if isinstance(nodes, list) else [nodes])
        onnx.checker.check_model(model)
        return champion_files | {"model.onnx": model.SerializeToString()}

    return change


@pytest.fixture(scope="session")
def exchanged_in_graph(champion_files: Files) -> Callable[[int, int], Files]:
    """The champion, its graph reading two columns from each other's place."""

    def change(place: int, other: int) -> Files:
        model = onnx.load_from_string(champion_files["model.onnx"])
        for node in model.graph.node:
            node.input[:] = ["exchanged" if name == "features" else name for name in node.input]
        order = list(range(4))
        order[place], order[other] = order[other], order[place]
        model.graph.initializer.append(helper.make_tensor("order", TensorProto.INT64, [4], order))
        model.graph.node.insert(0, helper.make_node("Gather", ["features", "order"], ["exchanged"], axis=1))
        onnx.checker.check_model(model)
        return champion_files | {"model.onnx": model.SerializeToString()}

    return change


@pytest.fixture(scope="session")
def shop_requests(shop_body: Callable[..., list[bytes]]) -> Callable[[int], list[dict[str, Any]]]:
    """Capture records of the shop's visitors, a row each."""

    def make(count: int) -> list[dict[str, Any]]:
        return [
            {
                "captureData": {
                    "endpointInput": {
                        "observedContentType": "text/csv",
                        "mode": "INPUT",
                        "data": body.decode(),
                        "encoding": "CSV",
                    }
                },
                "eventMetadata": {"eventId": str(number), "inferenceTime": "2026-11-02T10:00:00Z"},
                "eventVersion": "0",
            }
            for number, body in enumerate(shop_body(count))
        ]

    return make


@pytest.fixture(scope="session")
def shop_body() -> Callable[..., list[bytes]]:
    """Rows of new visitors, as they would be sent."""

    def make(count: int) -> list[bytes]:
        random_numbers = random.Random(99)  # noqa: S311 (made-up data)
        rows = []
        for _ in range(count):
            spend = "" if random_numbers.random() < 0.05 else f"{random_numbers.expovariate(1 / 20):.2f}"
            month = random_numbers.choice(["Feb", "May", "Nov", "Dec"])
            rows.append([str(random_numbers.randint(1, 40)), spend, month, random_numbers.choice(["TRUE", "FALSE"])])
        return [_line(row) for row in rows]

    return make


def _line(row: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().encode()


@pytest.fixture
def capture() -> Callable[[Path, list[dict[str, Any]]], None]:
    """Write capture records in files of at most 100, as an endpoint's data capture does."""

    def write(folder: Path, records: list[dict[str, Any]]) -> None:
        for number, start in enumerate(range(0, len(records), 100)):
            path = folder / f"2026/11/02/10/{number:02}-00-000-file.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(record) + "\n" for record in records[start : start + 100]))

    return write


@pytest.fixture(scope="session")
def earlier_files(jobs: Any, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The artifact of a model that was trained on the first 60 percent of the same training split."""
    base = tmp_path_factory.mktemp("earlier")
    shutil.copytree(jobs.boosted / "input", base / "input")
    table = base / "input/data/train/data.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(lines[: 1 + len(lines) * 60 // 100]))
    assert run_verb(base, "train").returncode == 0
    return {path.name: path.read_bytes() for path in (base / "model").iterdir()}
