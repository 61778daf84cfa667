"""What the steps write against what the definition reads of it, on a table of made-up sessions."""

import json
import math
import re
import shutil
import tarfile
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from pipeline_steps import evaluate, prepare, train
from pipeline_steps.documents import write_json
from pipeline_steps.paths import Paths
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.settings import load_settings
from slipway.training import training_pipeline, use_case_document
from tests.rehearsal.console.evaluations import evaluation as made_up_evaluation

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
QUICK = {"num_round": "30", "early_stopping_rounds": "10"}


@pytest.fixture(scope="module")
def steps():
    roles = dict.fromkeys(("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "r")
    definition = training_pipeline(
        load_settings(CONFIG, "dev"),
        bucket="b",
        kms_key_arn="k",
        image_uri="i",
        use_case_uri="s3://b/use_case.json",
        **roles,
    )
    found = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    return found | {step["Name"]: step["Arguments"] for step in found["Gate"]["IfSteps"] + found["Gate"]["ElseSteps"]}


@pytest.fixture(scope="module")
def opt_ml(tmp_path_factory):
    return tmp_path_factory.mktemp("opt_ml")


@pytest.fixture(scope="module")
def prepared(steps, opt_ml):
    paths = Paths(opt_ml / "prepare")
    paths.processing_input("data").mkdir(parents=True)
    write_demo_csv(paths.processing_input("data") / "demo.csv", rows=1500, seed=0)
    write_json(paths.processing_input("use_case") / "use_case.json", use_case_document(load_settings(CONFIG, "dev")))
    prepare.main([], paths)
    return paths.root / "processing" / "output"


def trained(opt_ml, prepared, name, hyperparameters):
    """Run `train` as a job of this name; the folder its model lies in."""
    paths = Paths(opt_ml / name)
    for channel in ("train", "validation"):
        shutil.copytree(prepared / channel, paths.channel(channel))
    paths.hyperparameters.parent.mkdir(parents=True)
    paths.hyperparameters.write_text(json.dumps(hyperparameters))
    paths.model.mkdir()
    train.main([], paths)
    return paths.model


@pytest.fixture(scope="module")
def evaluation(steps, opt_ml, prepared):
    """The folder `evaluate` wrote, when no model has been registered before."""
    paths = Paths(opt_ml / "evaluate")
    searched = steps["Tune"]["TrainingJobDefinition"]["StaticHyperParameters"] | QUICK
    for name, hyperparameters in (("candidate", searched), ("baseline", steps["Reference"]["HyperParameters"])):
        model = trained(opt_ml, prepared, name, hyperparameters)
        paths.processing_input(name).mkdir(parents=True)
        with tarfile.open(paths.processing_input(name) / "model.tar.gz", "w:gz") as archive:
            archive.add(model, arcname=".")
    for name in ("train", "validation", "test", "profile"):
        shutil.copytree(prepared / name, paths.processing_input(name))
    arguments = steps["Evaluate"]["AppSpecification"]["ContainerArguments"]
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName="shoppers-dev")
        evaluate.main([text if isinstance(text, str) else "--threshold=0.88" for text in arguments], paths)
    return paths.root / "processing" / "output"


def looked_up(node):
    """Each (property file, path) inside `node`."""
    if isinstance(node, dict):
        if "Std:JsonGet" in node:
            wanted = node["Std:JsonGet"]
            yield wanted["PropertyFile"]["Get"].rpartition(".")[2], wanted["Path"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from looked_up(item)


def test_every_value_the_definition_reads_is_written_by_its_step(steps, prepared, evaluation):
    documents = {
        "Profile": json.loads((prepared / "profile" / "profile.json").read_text()),
        "Evaluation": json.loads((evaluation / "evaluation" / "evaluation.json").read_text()),
        "ModelCard": json.loads((evaluation / "evaluation" / "model_card_content.json").read_text()),
    }
    wanted = set(looked_up([steps["Gate"], steps["Register"], steps["Refuse"]]))
    assert {file for file, _ in wanted} == set(documents)
    for file, path in wanted:
        value = documents[file]
        for key in path.split("."):
            value = value[key]
        assert isinstance(value, float | str)


def test_the_evaluation_that_the_reports_tests_make_up_has_keys_of_a_real_one(evaluation):
    real = json.loads((evaluation / "evaluation" / "evaluation.json").read_text())
    made_up = made_up_evaluation()
    named = {"metrics", "baseline", "naive", "intervals", "pictures"}  # by metrics, models and files
    for key, value in made_up.items():
        assert key in real
        if isinstance(value, dict) and key not in named:
            assert value.keys() <= real[key].keys(), key
    for part, rows in (("importance", "columns"), ("segments", "worst")):
        assert made_up[part][rows][0].keys() <= real[part][rows][0].keys()


def test_the_gate_compares_numbers_and_the_refusal_is_text(steps, evaluation):
    found = json.loads((evaluation / "evaluation" / "evaluation.json").read_text())
    assert isinstance(found["gate"]["reasons"], str)
    for condition in steps["Gate"]["Conditions"]:
        (section, key) = condition["LeftValue"]["Std:JsonGet"]["Path"].split(".")
        assert isinstance(found[section][key], float)


def test_the_log_of_a_training_job_has_every_metric_the_definition_reads(steps, opt_ml, prepared, capsys):
    trained(opt_ml, prepared, "logged", steps["Reference"]["HyperParameters"])
    log = capsys.readouterr().out
    for metric in steps["Reference"]["AlgorithmSpecification"]["MetricDefinitions"]:
        values = re.findall(metric["Regex"], log)
        assert values, metric["Name"]
        assert math.isfinite(float(values[-1]))


def test_prepare_fills_every_output_the_definition_uploads(steps, prepared):
    outputs = {output["OutputName"] for output in steps["Prepare"]["ProcessingOutputConfig"]["Outputs"]}
    assert outputs == {folder.name for folder in prepared.iterdir()}
    assert all(any((prepared / name).iterdir()) for name in outputs)
