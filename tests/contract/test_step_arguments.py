"""What the definition gives to the steps against what the steps take."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps import evaluate
from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.paths import Paths
from pipeline_steps.tables.row_outliers import METHODS
from pipeline_steps.tables.use_case import SplitPlan, TableFormat, UseCase
from slipway.settings import parse_settings
from slipway.settings.data import RowOutlierMethod
from slipway.settings.problems import PROBLEMS
from slipway.training import training_pipeline, use_case_document

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
OPT_ML = Paths(Path("/opt/ml"))


def composed(document):
    settings = parse_settings(document, source="config.toml")
    roles = dict.fromkeys(("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "r")
    definition = training_pipeline(
        settings, bucket="b", kms_key_arn="k", image_uri="i", use_case_uri="s3://b/use_case.json", **roles
    )
    return settings, {step["Name"]: step["Arguments"] for step in definition["Steps"]}, definition["Parameters"]


@pytest.fixture(scope="module")
def shoppers(document):
    return composed(document)


def command_line(arguments, parameters):
    """The arguments as the container gets them: joins are made, parameters have their defaults."""
    values = {f"Parameters.{parameter['Name']}": parameter.get("DefaultValue") for parameter in parameters}

    def text(value):
        if isinstance(value, str):
            return value
        if "Get" in value:
            return str(values.get(value["Get"], "a job"))
        return value["Std:Join"]["On"].join(text(part) for part in value["Std:Join"]["Values"])

    return [text(argument) for argument in arguments["AppSpecification"]["ContainerArguments"]]


def test_prepare_reads_the_use_case_of_the_settings(shoppers):
    settings, steps, _ = shoppers
    assert "ContainerArguments" not in steps["Prepare"]["AppSpecification"]
    found = UseCase.from_document(use_case_document(settings))
    assert {column.name: column.kind for column in found.columns} == dict(settings.data.columns)
    assert found.names == list(settings.data.columns)
    assert (found.problem, found.target, found.positive_label) == ("binary", "Revenue", "TRUE")
    assert (found.split.validation_percent, found.split.test_percent, found.split.seed) == (10, 20, 0)
    assert found.value == {
        "currency": "EUR",
        "true_positive": 5.5,
        "false_positive": -2.0,
        "true_negative": 0.0,
        "false_negative": 0.0,
    }


def test_evaluate_reads_the_gate_of_the_settings_from_its_arguments(shoppers):
    settings, steps, parameters = shoppers
    found = vars(evaluate.parser().parse_args(command_line(steps["Evaluate"], parameters)))
    assert found == {
        "model_package_group": "shoppers-dev",
        "confidence": settings.gate.confidence,
        "threshold": settings.gate.threshold,
        "min_gain_over_naive": settings.gate.min_gain_over_naive,
        "max_loss_to_reference": settings.gate.max_loss_to_reference,
        "max_loss_to_champion": settings.gate.max_loss_to_champion,
        "max_gap": settings.gate.max_train_validation_gap,
        "accuracy_target": settings.gate.accuracy_target,
        "tuned_job": "a job",
        "reference_job": "a job",
    }


COLUMNS = st.dictionaries(
    st.from_regex(r"[^,\s][^,\r\n]{0,119}", fullmatch=True).filter(lambda name: name != "--"),
    st.sampled_from(["number", "category", "boolean", "datetime"]),
    min_size=1,
    max_size=30,
)
SHARES = st.integers(min_value=5, max_value=40)
RATIOS = st.floats(min_value=0.001, max_value=0.999)
MONEY = st.floats(allow_nan=False, allow_infinity=False)
LABELS = st.from_regex(r"[^\r\n]{1,120}", fullmatch=True).filter(lambda label: label != "--")


@given(
    columns=COLUMNS,
    target=LABELS.filter(lambda name: "," not in name and name.strip() == name),
    label=LABELS,
    split=st.tuples(SHARES, SHARES, st.integers(min_value=0, max_value=2**31 - 1)),
)
def test_prepare_accepts_every_table_the_settings_accept(document, columns, target, label, split):
    columns.pop(target, None)
    data = {"columns": columns or {"only": "number"}, "target": target, "positive_label": label}
    data["split"] = dict(zip(("validation_percent", "test_percent", "seed"), split, strict=True))
    settings, _, _ = composed(document | {"data": data})
    found = UseCase.from_document(json.loads(json.dumps(use_case_document(settings))))
    assert [(column.name, column.kind) for column in found.columns] == list(settings.data.columns.items())
    assert (found.target, found.positive_label) == (target, label)
    assert found.split == SplitPlan(*split)


def test_prepare_knows_the_possible_values(document):
    ranges = {"age": {"min": 0, "max": 120}, "size": {"min": 0.5}}
    data = {"columns": {"age": "number", "size": "number"}, "target": "y", "positive_label": "a", "ranges": ranges}
    settings, _, _ = composed(document | {"data": data})
    found = UseCase.from_document(json.loads(json.dumps(use_case_document(settings))))
    assert [(column.min, column.max) for column in found.columns] == [(0, 120), (0.5, None)]


def test_prepare_has_the_methods_for_outliers_that_the_settings_accept():
    assert get_args(RowOutlierMethod) == tuple(METHODS)


def test_prepare_reads_how_rows_are_split_and_files_are_written(document):
    form = {"delimiter": ";", "encoding": "cp1252", "decimal": ",", "missing": ["?"], "datetime": "%d.%m.%Y"}
    split = {"method": "time", "column": "day"}
    settings, _, _ = composed(
        document | {"data": document["data"] | {"split": split, "format": form, "drop_duplicates": True}}
    )
    found = UseCase.from_document(json.loads(json.dumps(use_case_document(settings))))
    assert (found.split.method, found.split.column) == ("time", "day")
    assert found.table_format == TableFormat(";", "cp1252", ",", ("?",), "%d.%m.%Y", drop_duplicates=True)


@given(
    metric=st.sampled_from(list(PROBLEMS["binary"].metrics)),
    ratios=st.fixed_dictionaries(
        dict.fromkeys(("min_gain_over_naive", "max_loss_to_reference", "max_loss_to_champion"), RATIOS),
        optional=dict.fromkeys(("threshold", "max_train_validation_gap", "accuracy_target"), RATIOS),
    ),
    money=st.none() | st.tuples(MONEY, MONEY, MONEY, MONEY),
)
def test_evaluate_accepts_every_gate_and_value_the_settings_accept(document, metric, ratios, money):
    names = ("true_positive", "false_positive", "true_negative", "false_negative")
    value = money and {"currency": "EUR", **dict(zip(names, money, strict=True))}
    changed = {name: section for name, section in document.items() if name != "value"}
    changed |= {"gate": ratios | {"metric": metric}, **({"value": value} if value else {})}
    settings, steps, parameters = composed(changed)
    assert use_case_document(settings)["value"] == value
    arguments = command_line(steps["Evaluate"], parameters)
    found = vars(evaluate.parser().parse_args(arguments))
    read = {name: found["max_gap" if name == "max_train_validation_gap" else name] for name in ratios}
    assert read == ratios
    assert all(len(argument) <= 256 for argument in arguments)


def test_train_accepts_the_baselines_hyperparameters(shoppers):
    _, steps, _ = shoppers
    found = parse_hyperparameters(steps["Reference"]["HyperParameters"])
    assert (found.algorithm, found.values["seed"]) == ("linear", 0)


@pytest.mark.parametrize("end", ["MinValue", "MaxValue"])
def test_train_accepts_the_fixed_hyperparameters_with_either_end_of_every_range(shoppers, end):
    _, steps, _ = shoppers
    ranges = steps["Tune"]["HyperParameterTuningJobConfig"]["ParameterRanges"]
    tried = {
        bounds["Name"]: bounds[end]
        for kind in ("ContinuousParameterRanges", "IntegerParameterRanges")
        for bounds in ranges[kind]
    }
    fixed = steps["Tune"]["TrainingJobDefinition"]["StaticHyperParameters"]
    of_sagemaker = {"_tuning_objective_metric": "validation:auc"}
    found = parse_hyperparameters(fixed | tried | of_sagemaker)
    assert found.algorithm == "xgboost"
    assert {name: str(found.values[name]) for name in tried} == tried
    assert found.values["num_round"] == 600


def test_every_folder_a_step_reads_or_writes_is_the_one_the_job_mounts(shoppers):
    _, steps, _ = shoppers

    def mounted(step, kind):
        given_to_job = steps[step]["ProcessingInputs" if kind == "Input" else "ProcessingOutputConfig"]
        listed = given_to_job if kind == "Input" else given_to_job["Outputs"]
        return {item[f"{kind}Name"]: item[f"S3{kind}"]["LocalPath"] for item in listed}

    inputs = {
        "Prepare": {"data", "use_case"},
        "Evaluate": {"candidate", "baseline", "train", "validation", "test", "profile"},
    }
    for step, names in inputs.items():
        assert mounted(step, "Input") == {name: str(OPT_ML.processing_input(name)) for name in names}
    outputs = {"Prepare": {"train", "validation", "test", "profile"}, "Evaluate": {"evaluation", "model"}}
    for step, names in outputs.items():
        assert mounted(step, "Output") == {name: f"/opt/ml/processing/output/{name}" for name in names}


def test_prepare_writes_where_the_job_reads(tmp_path):
    paths = Paths(tmp_path)
    assert paths.processing_output("train") == tmp_path / "processing" / "output" / "train"


def test_train_gets_the_channels_it_reads(shoppers):
    _, steps, _ = shoppers
    for job in (steps["Reference"], steps["Tune"]["TrainingJobDefinition"]):
        channels = {channel["ChannelName"] for channel in job["InputDataConfig"]}
        assert channels == {"train", "validation"}
