"""Everything that is worth saying about a table before a model is trained on it."""

from collections.abc import Sequence

import pandas as pd

from pipeline_steps.preparation.column_checks import CheckedColumn, column_findings
from pipeline_steps.preparation.split_table import SplitTable
from pipeline_steps.preparation.table_checks import table_findings
from pipeline_steps.preparation.table_finding import TableFinding
from pipeline_steps.tables.raw_table import RawTable


def data_findings(raw: RawTable, prepared: SplitTable) -> Sequence[TableFinding]:
    """Check the table as a whole, then each feature column."""
    splits = prepared.splits
    train, held_out = splits["train"], pd.concat([splits["validation"], splits["test"]])
    table = pd.concat(splits.values()).sort_index()
    found = list(table_findings(raw, prepared))
    for column in prepared.use_case.columns:
        found += column_findings(CheckedColumn(column, prepared.use_case, train, held_out, splits, table))
    return found
