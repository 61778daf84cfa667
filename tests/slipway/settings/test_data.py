import pytest

from slipway.errors import InputError
from slipway.settings import parse_settings
from slipway.settings.data import Data

TABLE = {"target": "y", "positive_label": "a", "columns": {"x": "number", "day": "datetime"}}


def _settings(**data: object) -> Data:
    return parse_settings({"name": "use", "stage": "dev", "data": TABLE | data}, source="config.toml").data


def test_an_ignored_column_is_no_feature_however_it_is_written() -> None:
    found = _settings(columns={"x": "number", "id": "ignore"}, ignore=["note"])
    assert dict(found.columns) == {"x": "number"}
    assert found.ignore == ("note", "id")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"ignore": ["x"]}, "data: ignore must name no column that is used, got x"),
        ({"columns": {"x": "ignore"}}, "data.columns: "),
        ({"ranges": {"day": {"min": 0}}}, "data: ranges must name columns of the kind number, got day"),
        ({"ranges": {"x": {}}}, "data.ranges.x: min or max must be given"),
        ({"ranges": {"x": {"min": 2, "max": 2}}}, "data.ranges.x: min must be below max, got 2 and 2"),
        ({"split": {"method": "group"}}, "data.split: column must be given with method group"),
        ({"split": {"column": "x"}}, "data.split: column must be left out with method content, got x"),
        ({"split": {"method": "time", "column": "y"}}, "data: split.column must not be the target, got y"),
        ({"split": {"method": "id", "column": "x"}}, "data: split.column must be no feature with method id"),
        ({"split": {"method": "stratified"}}, "data.split.method: "),
        ({"format": {"delimiter": ",", "decimal": ","}}, "data.format: delimiter and decimal must differ, got ','"),
        ({"format": {"delimiter": ";;"}}, "data.format.delimiter: "),
        ({"format": {"datetime": "iso"}}, "data.format.datetime: "),
        ({"seed": 1}, "data.seed was renamed: use data.split.seed"),
        ({"test_percent": 20}, "data.test_percent was renamed: use data.split.test_percent"),
        ({"validation_percent": 20}, "data.validation_percent was renamed: use data.split.validation_percent"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(data: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        _settings(**data)
    assert str(caught.value).startswith(f"config.toml: {problem}")
