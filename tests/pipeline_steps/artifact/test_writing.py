import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import TrainedModel, train_model
from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.artifact.writing import ParityError, check_parity, with_gaps
from pipeline_steps.errors import StepError
from pipeline_steps.tables.prepared import read_split, read_use_case


@pytest.fixture(scope="module", params=["xgboost", "linear"])
def trained(request: pytest.FixtureRequest) -> TrainedModel:
    jobs = request.getfixturevalue("jobs")
    folder = jobs.prepared / "processing/output"
    use_case = read_use_case(folder / "train")
    train, validation = read_split(folder / "train", use_case), read_split(folder / "validation", use_case)
    given = {"algorithm": request.param} | ({"num_round": "40", "eta": "0.2"} if request.param == "xgboost" else {})
    return train_model(use_case, train, validation, parse_hyperparameters(given), log=print)


def _check(trained: TrainedModel, graph: bytes) -> float:
    return check_parity(trained.contract, graph, trained.validation_features, trained.validation_outputs)


def _never_positive(trained: TrainedModel) -> Contract:
    return replace(trained.contract, decision={"threshold": 2.0})


def test_the_exported_graph_agrees_with_the_fitted_model(trained: TrainedModel) -> None:
    assert _check(trained, trained.model.graph()) <= 1e-6


def test_the_graph_agrees_on_missing_unknown_and_extreme_values(trained: TrainedModel) -> None:
    generator = np.random.default_rng(0)
    columns = len(trained.contract.columns)
    features = generator.choice([np.nan, -1e30, 0, 1, 2, 3, 4, 26, 40, 1e30], size=(300, columns)).astype(np.float32)
    features[:, 2:] = generator.choice([np.nan, 0, 1, 2, 3, 4, 9], size=(300, columns - 2))
    fitted = trained.model.predict(features)
    check_parity(_never_positive(trained), trained.model.graph(), features, fitted)


def test_the_same_data_and_seed_give_the_same_bytes(trained: TrainedModel) -> None:
    assert trained.model.graph() == trained.model.graph()


def test_a_graph_with_one_changed_weight_is_refused(trained: TrainedModel) -> None:
    model = onnx.load_from_string(trained.model.graph())
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "target_weights":
                attribute.floats[len(attribute.floats) // 2] += 0.5
    products = [node.input[1] for node in model.graph.node if node.op_type == "MatMul"]
    for tensor in model.graph.initializer:
        if tensor.name in products:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + 0.5, tensor.name))
    with pytest.raises(ParityError, match="must give every row what the fitted model gives, within 1e-05"):
        _check(trained, model.SerializeToString())


@pytest.mark.parametrize("trained", ["xgboost"], indirect=True)
def test_a_graph_that_takes_missing_values_another_way_is_refused_where_no_row_has_one(trained: TrainedModel) -> None:
    whole = trained.validation_features[~np.isnan(trained.validation_features).any(axis=1)]
    model = onnx.load_from_string(trained.model.graph())
    for attribute in model.graph.node[0].attribute:
        if attribute.name == "nodes_missing_value_tracks_true":
            attribute.ints[:] = [1 - way for way in attribute.ints]
    graph = model.SerializeToString()
    check_parity(_never_positive(trained), graph, whole, trained.model.predict(whole))
    gaps = with_gaps(whole)
    assert np.isnan(gaps).any(axis=0).all()
    with pytest.raises(ParityError):
        check_parity(_never_positive(trained), graph, gaps, trained.model.predict(gaps))


def test_a_difference_too_small_to_see_is_refused_when_it_flips_a_label(trained: TrainedModel) -> None:
    scores = Scorer(trained.model.graph(), "score").score(trained.validation_features)
    fitted = scores.copy()
    fitted[0] = np.nextafter(scores[0], np.float32(1))
    contract = replace(trained.contract, decision={"threshold": float(fitted[0])})
    with pytest.raises(ParityError, match=r"and 1 of \d+ labels flipped"):
        check_parity(contract, trained.model.graph(), trained.validation_features, fitted)


def test_a_model_that_scores_nan_is_refused(trained: TrainedModel) -> None:
    fitted = trained.validation_outputs.copy()
    fitted[3] = np.nan
    with pytest.raises(ParityError, match="a largest difference of nan"):
        check_parity(trained.contract, trained.model.graph(), trained.validation_features, fitted)


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(StepError, match="ONNX Runtime"):
        Scorer(b"not a graph", "score")


def test_a_graph_with_another_input_is_refused(trained: TrainedModel) -> None:
    model = onnx.load_from_string(trained.model.graph())
    for node in model.graph.node:
        node.input[:] = ["rows" if name == "features" else name for name in node.input]
    model.graph.input[0].name = "rows"
    with pytest.raises(StepError, match="must take features and give score, got \\['rows'\\]"):
        Scorer(model.SerializeToString(), "score")


def test_metrics_of_both_splits_are_reported_in_one_line(trained: TrainedModel) -> None:
    assert "train:auc=0." in trained.log_line()
    assert all(f" validation:{name}=0." in trained.log_line() for name in ("auc", "accuracy", "log_loss"))
    assert replace(trained).metrics_document()["validation"]["auc"] > 0.65


def test_an_artifact_whose_graph_takes_other_columns_is_refused(trained: TrainedModel, tmp_path: Path) -> None:
    document = trained.contract.to_document()
    (tmp_path / "model.onnx").write_bytes(trained.model.graph())
    (tmp_path / "contract.json").write_text(json.dumps(document | {"columns": document["columns"][1:]}))
    with pytest.raises(StepError, match=r"must take the contract's 3 columns, got 4"):
        read_folder(tmp_path).scorer  # noqa: B018 (it is loaded here)
