import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.reading import read_folder
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.errors import StepError
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.warm_up import representative_rows, warm_up
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("visits", 0, 10, missing=False),
        NumberColumn("spend", -3.5, 10, missing=True),
        CategoryColumn("month", ("Feb", 'Nov "11"'), other_code=1, accepts_unknown=True, missing=True),
        CategoryColumn("returning", ("FALSE", "TRUE"), other_code=2, accepts_unknown=False, missing=False),
    )
)


class Scorer:
    def __init__(self) -> None:
        self.shapes: set[tuple[int, ...]] = set()
        self.seen: list[Any] = []

    def score(self, features: Any) -> Any:
        self.shapes.add(features.shape)
        self.seen.append(features)
        return np.full(len(features), 0.25, dtype=np.float32)


def _application(scorer: Any, contract: Contract = CONTRACT) -> Application:
    return Application(contract, scorer)


def test_rows_have_the_middle_the_edges_every_category_and_missing_values() -> None:
    rows = representative_rows(CONTRACT, None)
    visits, spend, month, returning = (set(column) for column in zip(*rows, strict=True))
    assert visits == {5, 0, 10}
    assert spend == {3.25, -3.5, 10, None}
    assert {"Feb", 'Nov "11"', None} < month
    assert returning == {"FALSE", "TRUE"}


def test_the_edges_of_the_training_data_are_among_them(jobs) -> None:
    artifact = read_folder(jobs.boosted / "model")
    contract = artifact.contract
    baseline = Baseline.from_document(artifact.document("baseline.json"), contract)
    edges = {float(edge) for edge in baseline.columns[0].edges if math.isfinite(edge)}
    assert edges < {row[0] for row in representative_rows(contract, baseline)}


def test_every_content_type_is_used_in_several_sizes() -> None:
    scorer, requests = Scorer(), []

    def handler(request: HttpRequest) -> Response:
        requests.append(request)
        return application.handle(request)

    application = _application(scorer)
    assert warm_up(handler, CONTRACT, None) == len(requests)
    assert scorer.shapes == {(1, 4), (2, 4), (8, 4), (64, 4), (512, 4)}
    types = {(request.headers["content-type"], request.headers["accept"]) for request in requests}
    assert len(types) == 4


def test_a_request_is_no_larger_than_the_contract_allows() -> None:
    scorer = Scorer()
    contract = replace(CONTRACT, max_payload_rows=2)
    warm_up(_application(scorer, contract).handle, contract, None)
    assert scorer.shapes == {(1, 4), (2, 4)}


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (lambda features: features[:, 0] * np.nan, "got 500 "),
        (lambda features: len(features) / 0, "got 500 "),
        (lambda features: np.zeros(len(features) + 1, dtype=np.float32), "got 2 scores"),
    ],
    ids=["no number", "a crash", "too many"],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_model_that_cannot_score_rows_of_its_contract_is_refused(
    score: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = SimpleNamespace(score=score)
    with pytest.raises(StepError) as caught:
        warm_up(_application(broken).handle, CONTRACT, None)
    start = "the model must score its own kind of rows before it is served: 1 as text/csv "
    assert str(caught.value).startswith(start + reason)
    capsys.readouterr()


def test_a_model_that_fails_on_missing_values_alone_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    picky = SimpleNamespace(score=lambda features: features[:, 1])
    with pytest.raises(StepError, match="got 500 "):
        warm_up(_application(picky).handle, CONTRACT, None)
    capsys.readouterr()


COLUMNS = st.one_of(
    st.builds(NumberColumn, st.just("n"), st.floats(-3e38, 0), st.floats(0, 3e38), st.booleans()),
    st.builds(
        CategoryColumn,
        st.just("c"),
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, max_size=4).map(tuple),
        st.just(0),
        st.booleans(),
        st.booleans(),
    ).filter(lambda column: column.categories or column.accepts_unknown),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_no_contract_refuses_the_rows_made_for_it(columns: list[Any]) -> None:
    named = tuple(replace(column, name=f"{column.name}{place}") for place, column in enumerate(columns))
    contract = replace(CONTRACT, columns=named, max_payload_rows=10)
    assert warm_up(_application(Scorer(), contract).handle, contract, None) > 0
