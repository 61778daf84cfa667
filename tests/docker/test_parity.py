"""`namespace`, `prefix` and `docker` make the same artifacts, byte for byte."""

import csv
import gzip
import json
import random
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastparquet
import numpy as np
import pandas as pd
import pytest

from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.evaluation.model_evaluation import score_rows
from pipeline_steps.tables.prepared import read_split, read_use_case
from rehearsal.containers.backends.backend import JobBackend
from rehearsal.containers.backends.namespace import find_powers
from rehearsal.containers.choice import choose_backend
from rehearsal.containers.container import Container, Program
from rehearsal.jobs.container_run import RunLimits, run_container
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.settings import load_settings
from slipway.training import training_pipeline, use_case_document
from tests.model_registry import registry

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
ROWS = 1500
QUICK = {"num_round": "40", "early_stopping_rounds": "10"}
MODELS = ("xgboost", "lightgbm", "linear")
STEPS = ("prepare", *MODELS, "evaluate")
OTHERS = ("namespace", "prefix")
ODD = ("Été", 'a "quoted", name', "  spaced  ", "=1+1", "Ж", "NA")


def untidy(path: Path) -> None:
    """The demo's sessions with gaps in numbers and categories, names that must be quoted, rare ones, and duplicates."""
    write_demo_csv(path, rows=ROWS, seed=2)
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    draw = random.Random(2)  # noqa: S311 -- a table, not a secret
    for row in rows:
        for name in ("BounceRates", "PageValues", "ProductRelated_Duration", "Region", "VisitorType"):
            if draw.random() < 0.05:
                row[header.index(name)] = ""
        if draw.random() < 0.02:
            row[header.index("Browser")] = draw.choice(ODD)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows, *rows[:20]])


TABLES: Mapping[str, Callable[[Path], None]] = {
    "seed 0": lambda path: write_demo_csv(path, rows=ROWS, seed=0),
    "seed 1": lambda path: write_demo_csv(path, rows=ROWS, seed=1),
    "untidy": untidy,
}


@dataclass
class Line:
    """The pipeline's steps, one after the other, under one backend; keeps the folder that each has written."""

    backend: JobBackend
    program: Program
    folder: Path
    made: dict[str, Path] = field(default_factory=dict)

    def run(self, table: Path, arguments: Mapping[str, Any]) -> None:
        self.prepare(table, arguments["use_case"])
        splits = {name: self.made["prepare"] / name for name in ("train", "validation", "test", "profile")}
        for name in MODELS:
            channels = {f"input/data/{split}": splits[split] for split in ("train", "validation")}
            self._step(name, ("train",), channels, hyperparameters=arguments[name])
        inputs = {f"processing/input/{name}": folder for name, folder in splits.items()}
        archives = {"candidate": self._packed("xgboost"), "baseline": self._packed("linear")}
        inputs |= {f"processing/input/{name}": archive.parent for name, archive in archives.items()}
        with registry(archives["baseline"].read_bytes()) as environment:
            self._step("evaluate", ("evaluate", *arguments["Evaluate"]), inputs, environment=environment)

    def prepare(self, table: Path, document: Mapping[str, Any]) -> None:
        use_case = self.folder / "use_case"
        use_case.mkdir(parents=True)
        (use_case / "use_case.json").write_text(json.dumps(document))
        sources = {"processing/input/data": table.parent, "processing/input/use_case": use_case}
        self._step("prepare", ("prepare",), sources)

    def _step(
        self,
        name: str,
        words: tuple[str, ...],
        inputs: Mapping[str, Path],
        *,
        hyperparameters: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        argv = (*self.program.entrypoint, *words)
        container = Container(self.program, argv, environment or {}, self.folder / name, environment is None)
        container.make_folders()
        for target, source in inputs.items():
            shutil.copytree(source, container.ml / target)
        (container.ml / "model").mkdir()
        if hyperparameters is not None:
            (container.ml / "input/config").mkdir()
            (container.ml / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
        lines: list[str] = []
        ended = run_container(self.backend, container, RunLimits(300, 1, threading.Event()), lines.append)
        assert ended.code == 0, lines
        self.made[name] = container.ml / ("model" if words == ("train",) else "processing/output")

    def _packed(self, name: str) -> Path:
        archive = self.folder / f"{name}-packed" / "model.tar.gz"
        archive.parent.mkdir()
        with gzip.GzipFile(archive, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(self.made[name], arcname=".", filter=of_nobody)
        return archive


def of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without time, owner and mode, which differ by backend: Evaluate hands the archive on as it is."""
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def step_arguments() -> dict[str, Any]:
    """What the shipped use case and its definition give the steps."""
    settings = load_settings(CONFIG, "dev")
    roles = dict.fromkeys(("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "r")
    definition = training_pipeline(
        settings, bucket="b", kms_key_arn="k", image_uri="i", use_case_uri="s3://b/use_case.json", **roles
    )
    steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    parameters = {f"Parameters.{each['Name']}": each.get("DefaultValue") for each in definition["Parameters"]}
    searched = steps["Tune"]["TrainingJobDefinition"]["StaticHyperParameters"]
    seed = {"seed": searched["seed"]}
    return {
        "use_case": use_case_document(settings),
        "xgboost": {**seed, "algorithm": "xgboost", **QUICK},
        "lightgbm": {**seed, "algorithm": "lightgbm", "num_iterations": "40", "early_stopping_rounds": "10"},
        "linear": {**seed, "algorithm": "linear"},
        "Evaluate": [spelled(word, parameters) for word in steps["Evaluate"]["AppSpecification"]["ContainerArguments"]],
    }


def spelled(word: Any, parameters: Mapping[str, Any]) -> str:
    """An argument as the container gets it: joins are made, parameters have their defaults."""
    if isinstance(word, str):
        return word
    if "Get" in word:
        return str(parameters.get(word["Get"], "a-job"))
    return str(word["Std:Join"]["On"]).join(spelled(part, parameters) for part in word["Std:Join"]["Values"])


@pytest.fixture(
    scope="module",
    params=["untidy", *(pytest.param(name, marks=pytest.mark.thorough) for name in TABLES if name != "untidy")],
)
def lines(
    request: pytest.FixtureRequest, program: Program, backend: JobBackend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Line]]:
    """The whole line of steps under each backend, on one table."""
    folder = tmp_path_factory.mktemp("parity")
    (folder / "table").mkdir()
    TABLES[request.param](folder / "table" / "table.csv")
    backends = {"docker": backend, "prefix": choose_backend("prefix")}
    if find_powers():
        backends["namespace"] = choose_backend("namespace")
    done = {name: Line(each, program, folder / name) for name, each in backends.items()}
    arguments = step_arguments()
    try:
        with ThreadPoolExecutor(max_workers=2) as pool:
            for running in [pool.submit(line.run, folder / "table" / "table.csv", arguments) for line in done.values()]:
                running.result()
    finally:
        for name, each in backends.items():
            if name != "docker":
                each.close()
    yield done
    shutil.rmtree(folder)


def other(lines: Mapping[str, Line], name: str) -> Line:
    if name not in lines:
        pytest.skip("this system allows no mount namespaces")
    return lines[name]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_writes_the_same_files_in_a_container_and_without(lines: dict[str, Line], step: str, name: str) -> None:
    expected, found = contents(other(lines, name).made[step]), contents(lines["docker"].made[step])
    assert found.keys() == expected.keys()
    assert [path for path in expected if found[path] != expected[path]] == []
    assert expected


@pytest.mark.parametrize("name", OTHERS)
def test_every_metric_is_equal_to_the_last_digit(lines: dict[str, Line], name: str) -> None:
    documents = [
        json.loads((line.made["evaluate"] / "evaluation/evaluation.json").read_text())
        for line in (lines["docker"], other(lines, name))
    ]
    assert documents[0] == documents[1]
    assert documents[0]["champion"]["auc"] == documents[0]["baseline"]["auc"]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("model", MODELS)
def test_the_models_give_every_test_row_the_same_score(lines: dict[str, Line], model: str, name: str) -> None:
    scores = [scores_of(line, model) for line in (lines["docker"], other(lines, name))]
    assert len(scores[0]) > ROWS // 10
    assert len(set(scores[0].tolist())) > 10
    np.testing.assert_array_equal(scores[0], scores[1])


def scores_of(line: Line, model: str) -> Any:
    """The scores of the line's own test rows by its own model."""
    folder = line.made["prepare"] / "test"
    rows = read_split(folder, read_use_case(folder)).features
    return score_rows(read_folder(line.made[model]), rows, name=model)


def test_a_parquet_table_is_split_in_a_container_as_without(
    program: Program, backend: JobBackend, tmp_path: Path
) -> None:
    (tmp_path / "table").mkdir()
    write_demo_csv(tmp_path / "demo.csv", rows=300, seed=0)
    columns = pd.read_csv(tmp_path / "demo.csv", dtype={"Revenue": str, "Weekend": str})
    fastparquet.write(str(tmp_path / "table" / "table.parquet"), columns, object_encoding="utf8")
    bare = choose_backend("prefix")
    found = []
    try:
        for name, each in (("docker", backend), ("prefix", bare)):
            line = Line(each, program, tmp_path / name)
            line.prepare(tmp_path / "table" / "table.parquet", step_arguments()["use_case"])
            found.append(contents(line.made["prepare"]))
    finally:
        bare.close()
    assert found[0] == found[1]
    assert found[0]["test/data.csv"].count(b"\n") > 50
