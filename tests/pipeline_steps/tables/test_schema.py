import argparse

import pytest

from pipeline_steps.arguments import StepParser
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.tables.schema import Column, Schema, add_schema_arguments, schema_from_arguments

TARGET = ("--target=bought", "--positive-label=TRUE")


def _schema(*argv: str) -> Schema:
    parser = StepParser("prepare")
    add_schema_arguments(parser)
    return schema_from_arguments(parser.parse_args(argv))


def test_columns_keep_the_order_of_the_command_line_across_kinds() -> None:
    schema = _schema(*TARGET, "--number=a,b", "--category", "c", "--number=d", "--category=e")
    expected = [("a", "number"), ("b", "number"), ("c", "category"), ("d", "number"), ("e", "category")]
    assert [(column.name, column.kind) for column in schema.columns] == expected


def test_columns_may_come_as_one_text_in_pieces() -> None:
    schema = _schema(*TARGET, "--columns=nvisits,cmo", "--columns=nth,n the 2nd,", "--columns=nnumber")
    expected = [("visits", "number"), ("month", "category"), (" the 2nd", "number"), ("number", "number")]
    assert [(column.name, column.kind) for column in schema.columns] == expected


def test_two_command_lines_in_one_process_do_not_share_columns() -> None:
    assert _schema(*TARGET, "--number=a") == _schema(*TARGET, "--number=a")


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (TARGET, "--number, --category or --columns must name at least one column, got none"),
        ((*TARGET, "--number=a,a"), "a column must be named once, got twice: 'a'"),
        ((*TARGET, "--number=a,bought"), "--target must not be a feature column, got bought"),
        ((*TARGET, "--number=a,,b"), "pipeline_steps prepare: --number must hold comma-separated column names"),
        ((*TARGET, "--columns=na,xb"), "--columns must hold names that n or c stands before, got 'xb'"),
        ((*TARGET, "--columns=na,n"), "--columns must hold names that n or c stands before, got 'n'"),
        (("--number=a",), "pipeline_steps prepare: the following arguments are required"),
        ((*TARGET, "--numbers=a"), "pipeline_steps prepare: unrecognized arguments: --numbers=a"),
    ],
)
def test_a_wrong_command_line_is_reported_in_words(argv: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        _schema(*argv)
    assert str(caught.value).startswith(reason)


def test_a_schema_survives_its_document() -> None:
    schema = Schema((Column("a", "number"), Column("b", "category")), "bought", "TRUE")
    assert Schema.from_document(schema.to_document()) == schema


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"columns": [{"name": "a"}], "target": "t", "positive_label": "1"},
        {"columns": [{"name": "a", "kind": "text"}], "target": "t", "positive_label": "1"},
    ],
)
def test_a_document_that_is_no_schema_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(StepError):
        Schema.from_document(document)


def test_the_parser_takes_no_abbreviation() -> None:
    assert isinstance(StepParser("prepare"), argparse.ArgumentParser)
    with pytest.raises(ArgumentError):
        _schema("--targ=bought", "--positive-label=TRUE", "--number=a")
