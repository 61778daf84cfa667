"""Every verb as SageMaker runs it: arguments and files in; files, an exit code and a log out."""

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.documents import sha256_of
from pipeline_steps.gates.accepted_difference import AcceptedDifference
from tests.model_registry import ARN, NOWHERE, registry
from tests.pipeline_steps.verbs import run_verb_alone

GATE_FLAGS = [
    "--model-package-group=shop",
    "--confidence=0.95",
    "--min-gain-over-naive=0",
    "--max-loss-to-reference=0",
    "--max-loss-to-champion=0",
]


@pytest.fixture
def evaluation(jobs, tmp_path: Path) -> Path:
    """The tree of an evaluation job, its inputs in place."""
    inputs = tmp_path / "processing/input"
    for name in ("train", "validation", "test", "profile"):
        shutil.copytree(jobs.prepared / "processing/output" / name, inputs / name)
    jobs.archive(jobs.boosted, inputs / "candidate/model.tar.gz")
    jobs.archive(jobs.linear, inputs / "baseline/model.tar.gz")
    return tmp_path


def test_train_leaves_an_artifact_without_anything_that_can_run(jobs) -> None:
    for job in (jobs.boosted, jobs.linear):
        files = sorted(path.name for path in (job / "model").iterdir())
        assert files == ["baseline.json", "contract.json", "metrics.json", "model.onnx"]


def test_train_logs_what_metric_definitions_read(jobs) -> None:
    metrics = json.loads((jobs.boosted / "model/metrics.json").read_text())
    log = (jobs.boosted / "log.txt").read_text()
    for name, expected in (
        ("train:auc", metrics["train"]["auc"]),
        ("validation:auc", metrics["validation"]["auc"]),
        ("validation:accuracy", metrics["validation"]["accuracy"]),
        ("validation:log_loss", metrics["validation"]["log_loss"]),
    ):
        found = re.findall(rf"{name}=([0-9.]+)", log)
        assert float(found[-1]) == pytest.approx(expected, abs=1e-6)  # the last one is what SageMaker takes


def test_the_boosted_trees_learn_the_pattern_and_do_not_import_scikit_learn(jobs, tmp_path: Path) -> None:
    """Trained once more, in a process of their own, they are the same."""
    assert json.loads((jobs.boosted / "model/metrics.json").read_text())["validation"]["auc"] > 0.75
    shutil.copytree(jobs.boosted / "input", tmp_path / "input")
    ended = run_verb_alone(tmp_path, "train", environment={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "xgboost.core" in imported
    assert not imported & {"sklearn.base", "lightgbm", "matplotlib", "boto3"}
    for file in (jobs.boosted / "model").iterdir():
        assert (tmp_path / "model" / file.name).read_bytes() == file.read_bytes()


def test_the_baseline_of_drift_counts_every_row(jobs) -> None:
    described = json.loads((jobs.boosted / "model/baseline.json").read_text())
    profile = json.loads((jobs.prepared / "processing/output/profile/profile.json").read_text())
    assert described["rows"] == profile["rows"]["train"]
    for feature in described["features"]:
        counted = sum(feature.get("counts", [])) + sum(feature.get("frequencies", {}).values())
        assert counted + feature["missing"] + feature.get("other", 0) == described["rows"]
    assert sum(described["score"]["counts"]) == described["score"]["rows"] == profile["rows"]["validation"]


@pytest.mark.parametrize("job", ["boosted", "linear"])
def test_the_baseline_of_bias_and_attribution_is_of_the_validation_rows(jobs, job: str) -> None:
    folder = getattr(jobs, job) / "model"
    described = json.loads((folder / "baseline.json").read_text())
    names = [feature["name"] for feature in described["features"]]
    rows = described["score"]["rows"]
    assert [column["name"] for column in described["predictions"]] == names
    for column in described["predictions"]:
        missing = rows - sum(column["rows"])
        assert missing == 0 or column["name"] == "spend"
    assert len({sum(column["positive"]) for column in described["predictions"] if column["name"] != "spend"}) == 1
    values = described["attributions"]["values"]
    assert list(values) == sorted(names)
    assert values["month"] > values["returning"]


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"algorithm": "xgboost", "depth": "3"}, "hyperparameters of xgboost are "),
        ({"algorithm": "xgboost", "eta": "-1"}, "hyperparameter eta must be a number in 0.0001..1, got '-1'"),
    ],
)
def test_a_failing_job_writes_its_reason_and_exits_1(
    jobs, run_verb, tmp_path: Path, hyperparameters: dict[str, str], reason: str
) -> None:
    shutil.copytree(jobs.boosted / "input", tmp_path / "input")
    (tmp_path / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    ended = run_verb(tmp_path, "train")
    assert ended.returncode == 1
    assert ended.stderr.startswith(reason)
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "output/failure").read_text() == ended.stderr.rstrip("\n")
    assert not (tmp_path / "model").exists()


def test_a_split_with_one_class_is_refused(jobs, run_verb, tmp_path: Path) -> None:
    shutil.copytree(jobs.boosted / "input", tmp_path / "input")
    data = tmp_path / "input/data/validation/data.csv"
    lines = data.read_text().splitlines()
    data.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.endswith(",0"))]) + "\n")
    ended = run_verb(tmp_path, "train")
    assert ended.returncode == 1
    assert "target bought must hold two labels or more in" in ended.stderr


def test_check_exits_2_on_bad_input_and_0_on_good_and_needs_no_container_paths(run_verb, tmp_path: Path, jobs) -> None:
    table = jobs.prepared / "processing/input/data/table.csv"
    use_case = jobs.prepared / "processing/input/use_case/use_case.json"
    good = run_verb(tmp_path / "absent", "check", f"--input={table}", f"--use-case={use_case}")
    assert (good.returncode, json.loads(good.stdout)["rows"]) == (0, 1200)
    other = tmp_path / "other.json"
    other.write_text(use_case.read_text().replace('"visits"', '"height"'))
    for flags in ([f"--use-case={other}"], [], [f"--use-case={use_case}", "--colour=red"]):
        bad = run_verb(tmp_path / "absent", "check", f"--input={table}", *flags)
        assert bad.returncode == 2
        assert 1 <= len(bad.stderr.splitlines()) <= 5
        assert not bad.stdout
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("argv", [[], ["destroy"]])
def test_an_unknown_verb_is_refused(run_verb, tmp_path: Path, argv: list[str]) -> None:
    ended = run_verb(tmp_path, *argv)
    assert ended.returncode == 1
    assert ended.stderr.startswith("verb must be one of prepare, check, ")


def test_a_crash_is_reported_with_its_trace_and_reason(run_verb, tmp_path: Path) -> None:
    (tmp_path / "input/config").mkdir(parents=True)
    (tmp_path / "input/config/hyperparameters.json").write_text('{"algorithm": ["xgboost"]}')
    ended = run_verb(tmp_path, "train")
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert (tmp_path / "output/failure").read_text().startswith("TypeError: ")


def evaluated(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "processing/output/evaluation/evaluation.json").read_text())
    return found


def damage(folder: Path, split: str) -> None:
    """Give the rows of a split each other's targets, as if `prepare` had written it so."""
    inputs = folder / "processing/input"
    head, *lines = (inputs / split / "data.csv").read_text().splitlines()
    targets = [line.rpartition(",")[2] for line in lines]
    random.Random(0).shuffle(targets)  # noqa: S311 (made-up data)
    lines = [f"{line.rpartition(',')[0]},{target}" for line, target in zip(lines, targets, strict=True)]
    (inputs / split / "data.csv").write_text("\n".join([head, *lines]) + "\n")
    profile = json.loads((inputs / "profile/profile.json").read_text())
    profile["sha256"][split] = sha256_of(inputs / split / "data.csv")
    (inputs / "profile/profile.json").write_text(json.dumps(profile))


def test_evaluate_measures_candidate_and_references_on_the_test_split(evaluation: Path, run_verb, jobs) -> None:
    with registry(None) as environment:
        ended = run_verb(evaluation, "evaluate", *GATE_FLAGS, environment=environment)
    assert ended.returncode == 0, ended.stderr
    found, output = evaluated(evaluation), evaluation / "processing/output/evaluation"
    profile = json.loads((evaluation / "processing/input/profile/profile.json").read_text())
    assert (found["problem"], found["algorithm"], found["champion"]) == ("binary", "xgboost", None)
    assert found["champion_difference"] == "none"
    assert found["hyperparameters"]["num_round"] == 60
    gain = found["metrics"]["auc"] - found["baseline"]["auc"]
    assert found["gate"]["gain_over_baseline"] == pytest.approx(gain)
    assert found["gate"]["loss_to_reference_low"] < -gain
    assert found["gate"]["passed"]
    assert found["naive"]["auc"] == 0.5
    assert found["data"] == {"rows": profile["rows"], "sha256": profile["sha256"]}
    assert found["value"]["rows"] == profile["rows"]["test"]
    matrix = found["binary_classification_metrics"]["confusion_matrix"]
    assert sum(count for row in matrix.values() for count in row.values()) == profile["rows"]["test"]
    assert found["value"]["total"] == pytest.approx(5 * matrix["1"]["1"] - matrix["0"]["1"])
    assert set(found["intervals"]) == {"candidate", "reference", "naive"}
    claimed = json.loads((jobs.boosted / "model/metrics.json").read_text())
    assert found["gate"]["gap"] == pytest.approx(claimed["train"]["auc"] - claimed["validation"]["auc"], abs=1e-4)
    assert found["fit"]["kind"] in {"underfit", "balanced", "overfit"}
    documents = {"evaluation.json", "model_card.json", "model_card_content.json", "explainability.json"}
    assert {path.name for path in output.iterdir()} == {*documents, *found["pictures"]}


def test_evaluate_hands_on_the_very_archive_of_the_candidate_whatever_the_test_split_holds(
    evaluation: Path, run_verb
) -> None:
    tuned, reference = (evaluation / f"processing/input/{name}/model.tar.gz" for name in ("candidate", "baseline"))
    damage(evaluation, "test")
    for job in ("tuned", "reference"):
        if job == "reference":  # the tuned model is then not better than the reference
            shutil.copy(tuned, reference)
        with registry(None) as environment:
            flags = ("--tuned-job=tuned", "--reference-job=reference")
            assert run_verb(evaluation, "evaluate", *GATE_FLAGS, *flags, environment=environment).returncode == 0
        found = evaluated(evaluation)
        assert (evaluation / "processing/output/model/model.tar.gz").read_bytes() == tuned.read_bytes()
        assert found["choice"]["chosen"] == job
        assert found["model"] == {"sha256": read_archive(tuned).sha256, "training_job": job}
        assert found["gate"]["passed"] is False


def test_evaluate_compares_with_the_champion_of_the_registry(evaluation: Path, run_verb, jobs) -> None:
    # a linear candidate is worse than the boosted champion, which 240 rows prove at this confidence
    champion = jobs.archive(jobs.boosted, evaluation / "champion.tar.gz")
    jobs.archive(jobs.linear, evaluation / "processing/input/candidate/model.tar.gz")
    with registry(champion.read_bytes()) as environment:
        ended = run_verb(evaluation, "evaluate", *GATE_FLAGS, "--confidence=0.6", environment=environment)
    assert ended.returncode == 0, ended.stderr
    found = evaluated(evaluation)
    assert found["champion"]["model_package_arn"] == ARN
    assert found["champion_seen_test_rows"] == 0
    assert found["gate"]["loss_to_champion"] == pytest.approx(found["champion"]["auc"] - found["metrics"]["auc"])
    assert not found["gate"]["passed"]
    assert "worse than the champion's" in found["gate"]["reasons"]
    difference = AcceptedDifference.from_text(found["champion_difference"])
    assert difference is not None
    assert difference.champion == read_archive(champion).sha256
    assert 0 < difference.mean_difference < 1


def test_evaluate_says_how_many_test_rows_the_champion_was_trained_on(evaluation: Path, run_verb, jobs) -> None:
    inputs = evaluation / "processing/input"
    shutil.copy(inputs / "train/data.csv", inputs / "test/data.csv")
    profile = json.loads((inputs / "profile/profile.json").read_text())
    profile["sha256"]["test"] = profile["sha256"]["train"]
    (inputs / "profile/profile.json").write_text(json.dumps(profile))
    champion = jobs.archive(jobs.boosted, evaluation / "champion.tar.gz")
    with registry(champion.read_bytes()) as environment:
        assert run_verb(evaluation, "evaluate", *GATE_FLAGS, environment=environment).returncode == 0
    assert evaluated(evaluation)["champion_seen_test_rows"] == profile["rows"]["train"]


def test_evaluate_refuses_a_split_that_is_not_the_one_profiled(evaluation: Path, run_verb) -> None:
    data = evaluation / "processing/input/test/data.csv"
    data.write_text("\n".join(data.read_text().splitlines()[:-1]) + "\n")
    ended = run_verb(evaluation, "evaluate", *GATE_FLAGS)
    assert ended.returncode == 1
    assert ended.stderr.startswith("the test split must have the profile's sha256 ")


def test_evaluate_fails_when_the_registry_is_unreachable(evaluation: Path, run_verb) -> None:
    ended = run_verb(evaluation, "evaluate", *GATE_FLAGS, environment=NOWHERE)
    assert ended.returncode == 1
    assert ended.stderr.startswith("the champion of model package group shop cannot be read: ")


@pytest.mark.parametrize("flag", ["--confidence=2", "--threshold=high", "--max-loss-to-champion=-1", "--max-gap=inf"])
def test_evaluate_refuses_wrong_arguments(run_verb, tmp_path: Path, flag: str) -> None:
    ended = run_verb(tmp_path, "evaluate", *GATE_FLAGS, flag)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"pipeline_steps evaluate: argument {flag.partition('=')[0]}: ")
