import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.training import schema_arguments
from slipway.training.container_arguments import MAX_ARGUMENT_LENGTH, MAX_ARGUMENTS

NAMES = st.from_regex(r"[^,\s][^,\r\n]{0,119}", fullmatch=True)


def with_columns(shoppers, columns):
    data = shoppers["data"] | {"columns": columns, "target": "the target", "exclude_from_drift": []}
    return parse_settings(shoppers | {"data": data}, source="config.toml")


def read_back(arguments):
    """What any argparse parser of this command line finds: kinds by column, in order."""

    class Append(argparse.Action):
        def __call__(self, _parser, namespace, values, option_string=None):
            namespace.columns += [(name, option_string.removeprefix("--")) for name in values.split(",")]

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.set_defaults(columns=[])
    for flag in ("--number", "--category"):
        parser.add_argument(flag, action=Append, dest="columns")
    for flag in ("--target", "--positive-label", "--validation-percent", "--test-percent", "--seed"):
        parser.add_argument(flag, required=True)
    return parser.parse_args(arguments)


@given(columns=st.dictionaries(NAMES, st.sampled_from(["number", "category"]), min_size=1, max_size=40))
def test_every_column_arrives_in_its_order_within_sagemakers_limits(shoppers, columns):
    columns.pop("the target", None)
    if not columns:
        return
    arguments = schema_arguments(with_columns(shoppers, columns))
    assert list(columns.items()) == read_back(arguments).columns
    assert max(map(len, arguments)) <= MAX_ARGUMENT_LENGTH
    assert len(arguments) <= MAX_ARGUMENTS


def test_a_column_or_label_that_looks_like_a_flag_is_none(shoppers):
    settings = with_columns(shoppers, {"--seed": "number", "-1e-05": "category"})
    assert read_back(schema_arguments(settings)).columns == [("--seed", "number"), ("-1e-05", "category")]


def test_long_lists_are_cut_as_late_as_possible(shoppers):
    settings = with_columns(shoppers, {f"column{i:03}": "number" for i in range(60)})
    lists = [argument for argument in schema_arguments(settings) if argument.startswith("--number=")]
    assert len(lists) == 3
    assert all(len(argument) > MAX_ARGUMENT_LENGTH - len(",column000") for argument in lists[:-1])


@pytest.mark.parametrize(
    "columns",
    [
        {f"a_long_descriptive_feature_name_as_feature_stores_write_them_{i:03}_avg_30d": "number" for i in range(300)},
        {f"{i}": ("number", "category")[i % 2] for i in range(120)},
    ],
    ids=["long names", "kinds in turns"],
)
def test_names_are_cut_where_whole_ones_do_not_fit(shoppers, columns):
    arguments = schema_arguments(with_columns(shoppers, columns))
    text = "".join(argument.removeprefix("--columns=") for argument in arguments if argument.startswith("--columns="))
    assert text.split(",") == [kind[0] + name for name, kind in columns.items()]
    assert max(map(len, arguments)) <= MAX_ARGUMENT_LENGTH
    assert len(arguments) <= MAX_ARGUMENTS


def test_names_longer_than_sagemaker_takes_are_refused_and_by_how_much(shoppers):
    columns = {f"{i:0100}": "number" for i in range(230)}
    with pytest.raises(InputError) as caught:
        schema_arguments(with_columns(shoppers, columns))
    assert str(caught.value) == (
        "data.columns must fit in 95 container arguments of 256 characters, got 230 columns with 23459 characters: "
        "shorten their names by 89 characters in all, or leave columns out"
    )
