"""A corpus of broken candidates, each killed by name, and of changes that no caller feels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onnx import helper

from pipeline_steps.artifact.reading import Artifact, read_archive
from pipeline_steps.errors import StepError
from pipeline_steps.gates.contract_gate import check_contract
from pipeline_steps.gates.gate_results import ContractResult, message

Document = dict[str, Any]
Edit = Callable[[Document], None]
VISITS, SPEND, MONTH, RETURNING = range(4)


def gone(place: int) -> Edit:
    return lambda document: document["columns"].pop(place)


def renamed(place: int, name: str) -> Edit:
    return lambda document: document["columns"][place].update(name=name)


def exchanged(place: int, other: int) -> Edit:
    def edit(document: Document) -> None:
        columns = document["columns"]
        columns[place], columns[other] = columns[other], columns[place]

    return edit


def column(place: int, **values: Any) -> Edit:
    return lambda document: document["columns"][place].update(values)


def replaced(place: int, **values: Any) -> Edit:
    def edit(document: Document) -> None:
        document["columns"][place] = {"name": document["columns"][place]["name"], **values}

    return edit


def added(place: int, **values: Any) -> Edit:
    return lambda document: document["columns"].insert(place, {"name": "age", **values})


def top(**values: Any) -> Edit:
    return lambda document: document.update(values)


def output(**values: Any) -> Edit:
    return lambda document: document["output"].update(values)


def decision(**values: Any) -> Edit:
    return lambda document: document["decision"].update(values)


def without(*path: str) -> Edit:
    def edit(document: Document) -> None:
        for name in path[:-1]:
            document = document[name]
        del document[path[-1]]

    return edit


def without_category(place: int, text: str) -> Edit:
    def edit(document: Document) -> None:
        found = document["columns"][place]
        found["categories"].remove(text)
        found["other_code"] = min(found["other_code"], len(found["categories"]))

    return edit


def several(*edits: Edit) -> Edit:
    def edit(document: Document) -> None:
        for one in edits:
            one(document)

    return edit


NUMBER: dict[str, Any] = {"kind": "number", "min": 0.0, "max": 9.0, "missing": False}
CATEGORY: dict[str, Any] = {
    "kind": "category",
    "categories": ["a", "b"],
    "other_code": 2,
    "unknown": "other",
    "missing": True,
}

CONTRACT_MUTATIONS: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "first column gone": (gone(VISITS), ("column visits must stay", "4 columns")),
    "two columns gone": (several(gone(RETURNING), gone(VISITS)), ("column visits must stay", "column returning")),
    "column renamed": (renamed(SPEND, "amount"), ("column spend must keep its name", "amount")),
    "column renamed by case": (renamed(MONTH, "Month"), ("column month must keep its name", "Month")),
    "column renamed by a blank": (renamed(RETURNING, "returning "), ("column returning must keep its name",)),
    "neighbours exchanged": (exchanged(VISITS, SPEND), ("column visits must stay number 1", "number 2")),
    "first and last exchanged": (exchanged(VISITS, RETURNING), ("column visits must stay number 1", "number 4")),
    "order reversed": (
        lambda document: document["columns"].reverse(),
        ("column visits must stay number 1", "column returning must stay number 4"),
    ),
    "number to category": (replaced(VISITS, **CATEGORY), ("column visits must stay a number", "got a category")),
    "category to number": (replaced(MONTH, **NUMBER), ("column month must stay a category", "got a number")),
    "required column at the end": (added(4, **NUMBER), ("column age must not be added", "4 columns")),
    # the server counts cells and names: even an optional one breaks every caller by place
    "optional column at the end": (added(4, **CATEGORY), ("column age must not be added", "4 columns")),
    "column split in two": (
        several(renamed(VISITS, "visits_week"), added(1, **NUMBER)),
        ("column visits must stay", "column visits_week must not be added", "column age must not be added"),
    ),
    "missing no longer allowed": (column(SPEND, missing=False), ("column spend must take a missing value",)),
    "category of a flag gone": (
        without_category(RETURNING, "FALSE"),
        ("column returning must take the champion's", "refuses 'FALSE'"),
    ),
    "category of a flag renamed": (
        column(RETURNING, categories=["True", "FALSE"]),
        ("column returning must take the champion's", "refuses 'TRUE'"),
    ),
    "unknown categories refused": (column(MONTH, unknown="refuse"), ("column month must take any category",)),
    "fewer rows a request": (top(max_payload_rows=100), ("max_payload_rows must be at least 10000, got 100",)),
    "no rows a request": (top(max_payload_rows=0), ("max_payload_rows must be at least 10000, got 0",)),
    "other label positive": (top(positive_label="FALSE"), ("positive_label must stay 'TRUE', got 'FALSE'",)),
    "other target": (top(target="returned"), ("target must stay 'bought', got 'returned'",)),
    "other output": (output(name="probability"), ("output.name must stay 'score', got 'probability'",)),
    "other meaning": (output(meaning="log-odds of TRUE"), ("output.meaning must stay 'probability of TRUE'",)),
    "meaning gone": (without("output", "meaning"), ("output.meaning must stay", "got absent")),
    "other type of output": (output(type="label"), ("output.type must stay absent, got 'label'",)),
    "threshold above every score": (decision(threshold=1.5), ("decision.threshold must be in 0..1, got 1.5",)),
    "threshold no number": (decision(threshold=float("nan")), ("decision.threshold must be in 0..1, got nan",)),
    "decision gone": (without("decision"), ("contract.json must hold 'decision'",)),
    "other problem": (top(problem="ranking"), ("problem must be one of binary",)),
    "columns gone": (without("columns"), ("contract.json must hold 'columns'",)),
    "kind unknown": (
        column(VISITS, kind="date"),
        ("kind must be number, category, boolean, datetime, text, got 'date'",),
    ),
    "other version": (top(version=4), ("contract.json must be of version 1, 2 or 3, got 4",)),
    "column named twice": (several(gone(SPEND), renamed(1, "visits")), ("column visits must be named once",)),
    "category named twice": (
        column(RETURNING, categories=["TRUE", "FALSE", "TRUE"], other_code=3),
        ("column returning must name a category once, got 'TRUE' twice",),
    ),
    "empty category": (
        column(MONTH, categories=["", "Nov"], other_code=2),
        ("column month must have categories of at least one character",),
    ),
    "range upside down": (column(VISITS, min=40.0, max=1.0), ("column visits must have a range from low to high",)),
    "code of no category": (column(MONTH, other_code=99), ("column month must have other_code in 0..",)),
}


@pytest.fixture(scope="module")
def champion(champion_files, pack, tmp_path_factory) -> Artifact:
    return read_archive(pack(tmp_path_factory.mktemp("champion") / "model.tar.gz", champion_files))


@pytest.fixture
def result(champion, champion_files, pack, tmp_path):
    def check(files, *, against=champion):
        return check_contract(pack(tmp_path / "model.tar.gz", files), against)[0]

    return check


def test_the_corpus_has_at_least_thirty_mutations():
    assert len(CONTRACT_MUTATIONS) >= 30


@pytest.mark.parametrize("name", CONTRACT_MUTATIONS)
def test_a_broken_contract_is_refused_with_what_is_wrong_and_what_is_allowed(
    name, result, champion_files, with_document
):
    edit, reported = CONTRACT_MUTATIONS[name]
    found = result(with_document(champion_files, "contract.json", edit))
    assert found.reasons
    for text in reported:
        assert any(text in reason for reason in found.reasons), found.reasons


COMPATIBLE: dict[str, Edit] = {
    "nothing": several(),
    "other threshold": output(threshold=0.37),
    "other algorithm": top(algorithm="linear"),
    "more rows a request": top(max_payload_rows=20_000),
    "missing allowed in a number": column(VISITS, missing=True),
    "missing allowed in a category": column(MONTH, missing=True),
    "wider range": column(VISITS, min=-5.0, max=90.0),
    # a range refuses nothing
    "narrower range": column(VISITS, min=3.0, max=30.0),
    "new category": column(RETURNING, categories=["FALSE", "TRUE", "maybe"], other_code=3),
    "unknown categories allowed": column(RETURNING, unknown="other"),
    "flag that learned a third value": several(
        column(RETURNING, categories=["FALSE", "TRUE", "maybe"], other_code=3), column(RETURNING, unknown="other")
    ),
    "category that now counts as rare": without_category(MONTH, "Dec"),
    "categories in another order": lambda document: document["columns"][MONTH]["categories"].reverse(),
    "other code moved": column(MONTH, other_code=0),
}


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_change_that_no_caller_feels_passes(name, result, champion_files, with_document):
    def counted(document: Document) -> None:
        (returning,) = [column for column in document["features"] if column["name"] == "returning"]
        returning["frequencies"].setdefault("maybe", 1)

    files = with_document(champion_files, "baseline.json", counted)
    found = result(with_document(files, "contract.json", COMPATIBLE[name]))
    assert found.reasons == ()


def test_exactly_the_change_that_was_accepted_refuses_nothing(champion, champion_files, pack, tmp_path, with_document):
    def check(edit: Edit, accepted: str = "") -> ContractResult:
        files = with_document(champion_files, "contract.json", edit)
        return check_contract(pack(tmp_path / "model.tar.gz", files), champion, accepted=accepted)[0]

    other_target, other_meaning = top(target="returned"), output(meaning="log-odds of TRUE")
    refused = check(other_target)
    assert refused.reasons
    assert message(refused, None).endswith(f"; change {refused.change}")
    passed = check(other_target, refused.change)
    assert (passed.reasons, passed.accepted) == ((), True)
    assert passed.notes[: len(refused.reasons)] == refused.reasons
    for edit in (other_meaning, several(other_target, other_meaning)):
        assert check(edit, refused.change).reasons
        assert check(edit).change != refused.change


def test_what_refuses_no_caller_is_noted(result, champion_files, with_document):
    edit = several(COMPATIBLE["narrower range"], without_category(MONTH, "Dec"), decision(threshold=0.25))
    notes = result(with_document(champion_files, "contract.json", edit)).notes
    assert any(note.startswith("column visits was trained on 3 to 30") for note in notes)
    assert "column month: 'Dec' now counts as any other category" in notes
    assert any(note.startswith("the threshold goes from") and note.endswith("to 0.25") for note in notes)


@pytest.mark.parametrize("name", ["model.onnx", "contract.json", "baseline.json", "metrics.json"])
def test_an_artifact_without_one_of_its_files_is_refused(name, result, champion_files):
    (reason,) = result({key: content for key, content in champion_files.items() if key != name}).reasons
    assert reason.endswith(f"it lacks {name}")


@pytest.mark.parametrize("name", ["contract.json", "baseline.json", "metrics.json"])
@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_file_that_is_no_json_object_is_refused(name, content, result, champion_files):
    (reason,) = result(champion_files | {name: content}).reasons
    assert reason.startswith(f"{name} must hold")


def test_a_file_that_is_no_archive_is_refused(champion, tmp_path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"not an archive")
    found, model = check_contract(path, champion)
    assert model is None
    assert found.reasons[0].startswith("the artifact must be a model.tar.gz")


def test_a_graph_that_does_not_load_is_refused(result, champion_files):
    (reason,) = result(champion_files | {"model.onnx": b"no graph"}).reasons
    assert reason.startswith("model.onnx must be a graph that ONNX Runtime loads")


def test_a_contract_with_fewer_columns_than_the_graph_is_refused_without_a_champion_too(
    result, champion_files, with_document
):
    files = with_document(champion_files, "contract.json", gone(SPEND))
    files = with_document(files, "baseline.json", lambda document: document["features"].pop(SPEND))
    assert result(files, against=None).reasons == ("model.onnx must take the contract's 3 columns, got 4",)


def test_a_baseline_of_other_columns_is_refused(result, champion_files, with_document):
    files = with_document(champion_files, "baseline.json", lambda document: document["features"].pop(SPEND))
    assert result(files).reasons == ("baseline.json must hold 'spend', which is absent",)


@pytest.mark.parametrize(
    ("operation", "constant", "reported"),
    [
        ("Mul", 3.0, "scores in 0..1"),
        ("Sub", 1.0, "scores in 0..1"),
        ("Div", 0.0, "not finite"),
        ("Gather", None, "one score a row"),
    ],
)
def test_a_graph_without_a_probability_a_row_is_refused(operation, constant, reported, result, with_nodes):
    # the index -1 gives the last row's score alone
    constants, indices = ({}, {"second": -1}) if constant is None else ({"second": constant}, {})
    node = helper.make_node(operation, ["raw", "second"], ["score"])
    (reason,) = result(with_nodes(node, constants, indices)).reasons
    assert reported in reason


def test_the_first_model_is_checked_by_itself(result, champion_files):
    assert result(champion_files, against=None).reasons == ()


def test_a_document_has_what_was_found(result, champion_files, with_document):
    found = result(with_document(champion_files, "contract.json", gone(VISITS))).to_document()
    assert found["passed"] is False
    assert json.loads(json.dumps(found))["reasons"][0].startswith("column visits must stay")


def test_a_candidate_that_is_not_there_fails_the_job(champion, tmp_path: Path):
    with pytest.raises(StepError, match="must be a readable file"):
        check_contract(tmp_path / "absent.tar.gz", champion)
