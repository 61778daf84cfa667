import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.errors import DataError, StepError
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("size", 0, 10, missing=True),
        CategoryColumn("month", ("Feb", "Nov"), other_code=0, accepts_unknown=True, missing=False),
    ),
    threshold=0.4,
)


def test_a_contract_survives_its_document() -> None:
    assert Contract.from_document(json.loads(json.dumps(CONTRACT.to_document()))) == CONTRACT


def test_the_document_has_the_meaning_of_the_output() -> None:
    document = CONTRACT.to_document()
    assert document["output"] == {"name": "score", "meaning": "probability of TRUE"}
    assert (document["problem"], document["decision"]) == ("binary", {"threshold": 0.4})


def test_a_contract_of_the_first_version_is_a_binary_models() -> None:
    document = CONTRACT.to_document()
    output = document["output"] | document.pop("decision")
    first = {key: value for key, value in document.items() if key not in {"problem", "classes"}}
    found = Contract.from_document(first | {"version": 1, "output": output})
    assert found == replace(CONTRACT, classes=())


def test_a_table_is_encoded_in_the_contracts_order_as_float32() -> None:
    months = np.array(["Nov", "Jan"], dtype=object)
    encoded = CONTRACT.encode(pd.DataFrame({"month": months, "size": np.array([0.1, np.nan])}))
    assert encoded.dtype == np.float32
    assert encoded.flags.c_contiguous
    np.testing.assert_array_equal(encoded, np.array([[0.1, 2], [np.nan, 0]], dtype=np.float32))


def test_a_table_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(DataError, match="the model needs columns that the table lacks: month"):
        CONTRACT.encode(pd.DataFrame({"size": np.array([1.0])}))


@pytest.mark.parametrize(
    "change",
    [{"version": 4}, {"columns": 3}, {"columns": [{"kind": "date", "name": "d"}]}, {"decision": 3}, {"target": ...}],
)
def test_a_document_that_is_no_contract_is_refused(change: dict[str, object]) -> None:
    document = {key: value for key, value in {**CONTRACT.to_document(), **change}.items() if value is not ...}
    with pytest.raises(StepError, match=r"contract\.json"):
        Contract.from_document(document)


def test_an_empty_cell_is_no_columns_name_where_there_is_no_target() -> None:
    assert not replace(binary_contract(), target=None).names_column("")
