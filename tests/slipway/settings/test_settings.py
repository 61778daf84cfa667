from datetime import date
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import InputError
from slipway.settings import load_settings, parse_settings

# One broken value each: where it goes, the value, and the path its message names.
BROKEN = {
    "name": (("name",), "Not A Slug", "name"),
    "target": (("data", "target"), "a,b", "data.target"),
    "label": (("data", "positive_label"), "", "data.positive_label"),
    "kind": (("data", "columns", "Weekend"), "date", "data.columns.Weekend"),
    "test share": (("data", "split", "test_percent"), 90, "data.split.test_percent"),
    "validation share": (("data", "split", "validation_percent"), -1, "data.split.validation_percent"),
    "strategy": (("tuning", "strategy"), "Luck", "tuning.strategy"),
    "range": (("tuning", "ranges", "max_depth", "min"), 9, "tuning.ranges.max_depth"),
    "confidence": (("gate", "confidence"), 1.5, "gate.confidence"),
    "not a number": (("gate", "accuracy_target"), float("nan"), "gate.accuracy_target"),
    "infinite": (("value", "true_positive"), float("inf"), "value.true_positive"),
    "currency": (("value", "currency"), "EUR\nUSD", "value.currency"),
    "canary": (("rollout", "canary_percent"), 90, "rollout.canary_percent"),
    "instance": (("endpoint", "instance_type"), "m5.large", "endpoint.instance_type"),
    "unknown": (("training", "gpu"), True, "training.gpu"),
}


def broken(document, path, value):
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def reported(document):
    with pytest.raises(InputError) as caught:
        parse_settings(document, source="config.toml")
    return str(caught.value).splitlines()


@given(chosen=st.sets(st.sampled_from(sorted(BROKEN)), min_size=1))
def test_any_set_of_broken_values_is_reported_at_once_a_line_each(shoppers, chosen):
    document = {key: _copy(value) for key, value in shoppers.items()}
    for name in chosen:
        path, value, _ = BROKEN[name]
        broken(document, path, value)
    lines = reported(document)
    assert len(lines) == len(chosen)
    for name in chosen:
        assert sum(line.startswith(f"config.toml: {BROKEN[name][2]}") for line in lines) == 1


RANGE = {"type": "integer", "min": 1, "max": 2}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("rollout.canary_percent", True, ": must be a whole number, got true"),
        ("rollout.canary_percent", "25", ": must be a whole number, got '25'"),
        ("rollout.canary_percent", 90, ": must be at most 50, got 90"),
        ("training.folds", 2.5, ": must be a whole number, got 2.5"),
        ("gate.threshold", True, ": must be a number, got true"),
        ("gate.threshold", {}, ": must be a number, got an empty table"),
        ("gate.accuracy_target", float("inf"), ": must be a finite number, got inf"),
        ("value.true_positive", "5.5", ": must be a number, got '5.5'"),
        ("training.spot", 0, ": must be true or false, got 0"),
        ("endpoint.local_command", "", ": must be a command in one line, got ''"),
        ("training.script", "", ": must be the path of a file, in one line, got ''"),
        ("name", date(2026, 1, 1), ": must be a text in quotes, got 2026-01-01"),
        (
            "name",
            "My Model",
            ": must be lower-case letters, digits and single hyphens, beginning with a letter, got 'My Model'",
        ),
        ("account", "12", ": must be an account of 12 digits, in quotes, got '12'"),
        ("data", 3, ": must be a table, got 3"),
        ("data.columns", {}, ": must have at least 1 entry, got an empty table"),
        ("data.columns.Weekend", "date", ": must be number, category, boolean, datetime, text or ignore, got 'date'"),
        ("data.ignore", "x", ": must be a list, got 'x'"),
        ("data.split.seed", 2**31, ": must be below 2147483648, got 2147483648"),
        ("data.split.sed", 1, " is not a known key: did you mean seed?"),
        ("data.split.gpu", 1, " is not a known key: use column, method, seed, test_percent, validation_percent"),
        ("description", "long " * 999, f": must have at most 1,024 characters, got '{'long ' * 15}l..."),
        ("tuning.ranges.max_depth", {"min": 1}, ": must have a type, got a table of min"),
        (
            "tuning.ranges.max_depth",
            {"type": "set"},
            ": must have a type of 'integer', 'continuous', 'categorical', got a table of type",
        ),
        ("tuning.ranges.max_depth", RANGE | {"min": "1"}, ".min: must be a whole number, got '1'"),
    ],
)
def test_a_wrong_value_is_reported_with_its_key_what_is_allowed_and_the_value(shoppers, key, value, line):
    document = _copy(shoppers)
    broken(document, key.split("."), value)
    assert reported(document) == [f"config.toml: {key}{line}"]


def test_a_whole_number_is_a_number_and_a_list_is_taken(shoppers):
    document = _copy(shoppers)
    broken(document, ("value", "true_positive"), 5)
    broken(document, ("data", "exclude_from_drift"), ["Month", "Weekend"])
    settings = parse_settings(document, source="config.toml")
    assert (settings.value.true_positive, settings.data.exclude_from_drift) == (5.0, ("Month", "Weekend"))


def _copy(value):
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(value=st.one_of(st.integers(max_value=4), st.integers(min_value=41)))
def test_a_share_of_the_rows_outside_5_to_40_percent_is_refused_with_its_value(shoppers, value):
    document = shoppers | {"data": shoppers["data"] | {"split": {"test_percent": value}}}
    (line,) = reported(document)
    assert line.startswith("config.toml: data.split.test_percent: ")
    assert line.endswith(f", got {value}")


@given(name=st.text(min_size=1))
def test_a_mistake_is_reported_in_one_line_whatever_the_column_is_called(shoppers, name):
    document = shoppers | {"data": shoppers["data"] | {"columns": {name: "date"}}}
    for line in reported(document):
        assert line.startswith("config.toml: data.columns.")


@given(value=st.one_of(st.text(alphabet="abc "), st.lists(st.text()), st.dictionaries(st.text(), st.text()), st.none()))
def test_a_value_of_the_wrong_type_is_reported_in_one_line(shoppers, value):
    (line,) = reported(shoppers | {"gate": shoppers["gate"] | {"confidence": value}})
    assert line.startswith("config.toml: gate.confidence: ")


EARLY = {"type": "linear", "step_percent": 5, "bake_seconds": 60, "alarm_period_seconds": 120, "timeout_seconds": 600}
LINEAR = {"type": "linear", "step_percent": 10, "bake_seconds": 300}
OPTIONS = "must not be --, which a command line takes for the end of its options, got '--'"


@pytest.mark.parametrize(
    ("section", "values", "errors"),
    [
        ("tuning", {"max_job": 3}, [".max_job is not a known key: did you mean max_jobs?"]),
        (
            "data",
            {"columns": {"Revenue": "number"}, "exclude_from_drift": []},
            [": target Revenue must not be among the feature columns"],
        ),
        ("data", {"exclude_from_drift": ["colour"]}, [": exclude_from_drift must name feature columns, got colour"]),
        ("data", {"target": "--"}, [f".target: {OPTIONS}"]),
        ("data", {"positive_label": "--"}, [f".positive_label: {OPTIONS}"]),
        ("training", {"max_wait_seconds": 7200}, [": max_wait_seconds must be left out without spot, got 7200"]),
        (
            "training",
            {"spot": True, "max_wait_seconds": 600},
            [": max_wait_seconds must be at least max_runtime_seconds 3600, got 600"],
        ),
        (
            "rollout",
            EARLY,
            [
                ": alarm_period_seconds x alarm_periods must fit in bake_seconds 60, got 120",
                ": timeout_seconds must exceed the waits (1320), got 600",
                ": step_percent must be in 10..50 for linear, got 5",
            ],
        ),
        ("rollout", LINEAR | {"timeout_seconds": 3120}, [": timeout_seconds must exceed the waits (3120), got 3120"]),
        ("rollout", LINEAR | {"timeout_seconds": 3600}, []),
    ],
)
def test_every_rule_a_section_breaks_has_a_line_of_its_own(document, section, values, errors):
    document[section] |= values
    if errors:
        assert reported(document) == [f"config.toml: {section}{error}" for error in errors]
    else:
        parse_settings(document, source="config.toml")


def test_what_is_missing_is_reported_at_once(document):
    del document["data"], document["name"]
    assert reported(document) == ["config.toml: name is missing", "config.toml: data is missing"]


def test_conflicts_between_sections_are_reported_with_the_errors_of_others(shoppers):
    lines = reported(
        shoppers
        | {
            "data": shoppers["data"] | {"target": 3},
            "tuning": {"xgboost": {"fixed": {"etta": "0.1"}}},
            "endpoint": {"kind": "serverless"},
            "rollout": {"type": "canary"},
            "monitoring": {"retrain_on": ["data"]},
        }
    )
    assert lines[0] == "config.toml: data.target: must be a text in quotes, got 3"
    assert lines[1].startswith("config.toml: tuning.xgboost.fixed and ranges must be of eta, ")
    assert "config.toml: rollout.type must be all_at_once with endpoint.kind serverless, got canary: " in "".join(lines)
    assert not [line for line in lines if "retrain_on" in line]  # which is compared with [data], which is wrong


@pytest.mark.parametrize("section", ["budget", "endpoint.schedule", "endpoint.serverless", "access.vpc"])
def test_no_use_case_has_what_it_did_not_ask_for(settings, section):
    assert attrgetter(section)(settings) is None


def test_settings_cannot_be_changed(settings):
    with pytest.raises(ValueError, match="frozen"):
        settings.gate.threshold = 0.1


def test_a_stage_overrides_single_values_deep_inside(config_path):
    dev, prod = (load_settings(config_path, stage) for stage in ("dev", "prod"))
    assert (dev.endpoint.instance_type, prod.endpoint.instance_type) == ("ml.m5.large", "ml.m5.xlarge")
    assert prod.endpoint.instance_count == dev.endpoint.instance_count
    assert (dev.keep_data, prod.keep_data) == (False, True)
    assert (dev.names.prefix, prod.names.prefix) == ("shoppers-dev", "shoppers-prod")


def written(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_bytes(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name = ", "config must be TOML, got "),
        (b"\xff", "config must be TOML, got "),
        (b"[stages]", "stage must be one of (none in the file), got dev"),
        (b"[stages.prod]\n[stages.test]", "stage must be one of prod, test, got dev"),
        (b"stages = 3", "stages must have one table a stage, got 3"),
        (b"[stages]\ndev = 1", "stages must have one table a stage, got {'dev': 1}"),
    ],
)
def test_a_file_that_cannot_be_used_is_reported_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        load_settings(written(tmp_path, text), "dev")
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.exit_code == 2


def test_a_byte_order_mark_is_read_over(config_path, tmp_path):
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + config_path.read_bytes())
    assert load_settings(marked, "dev") == load_settings(config_path, "dev")


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(InputError, match=r"config must be a readable file, got .*absent.toml: No such file"):
        load_settings(tmp_path / "absent.toml", "dev")


def test_a_spot_job_waits_twice_its_longest_run_unless_it_is_reported_otherwise(shoppers):
    def wait(**given):
        document = shoppers | {"training": shoppers["training"] | given}
        return parse_settings(document, source="config.toml").training.wait_seconds

    assert wait() is None
    assert wait(spot=True) == 7200
    assert wait(spot=True, max_wait_seconds=3600) == 3600


def test_what_the_models_server_could_not_be_reported_is_refused(document) -> None:
    names = [f"days_since_the_last_visit_{number:02}" for number in range(40)]
    document["data"]["columns"] |= dict.fromkeys(names, "number")
    document["data"]["exclude_from_drift"] = names[:35]
    parse_settings(document, source="config.toml")
    document["data"]["exclude_from_drift"] = names
    (line,) = reported(document)
    assert line == "config.toml: data: exclude_from_drift must have at most 1024 characters, joined by commas, got 1159"


def test_name_problem_and_data_are_enough(tmp_path):
    path = written(
        tmp_path,
        b"""
        name = "iris"
        problem = "multiclass"
        [data]
        target = "species"
        [data.columns]
        petal = "number"
        """,
    )
    settings = load_settings(path, "dev")
    assert (settings.names.prefix, settings.keep_data) == ("iris-dev", True)
    assert (settings.metric, settings.search.jobs, settings.search.parallel_jobs) == ("log_loss", 12, 2)
    with pytest.raises(InputError, match="stage must be one of dev, got prod"):
        load_settings(path, "prod")


@pytest.mark.parametrize(("method", "apart"), [("time", "older and newer rows"), ("group", "rows of one shop")])
def test_folds_are_refused_with_a_split_whose_rows_they_would_separate(document, method, apart):
    document["data"]["split"] = {"method": method, "column": "shop"}
    parse_settings(document, source="config.toml")
    document["training"]["folds"] = 5
    assert reported(document) == [
        f"config.toml: training.folds must be 0 with data.split.method {method}: folds mix {apart}, got 5"
    ]
