"""Rows of Parquet files in one new file."""

import io
from collections.abc import Sequence

import fastparquet
import pandas as pd


def lower_case_rows(contents: Sequence[bytes], compression: str) -> bytes:
    """Write the rows of all files together, the columns in lower case as Athena has them; nothing for no rows."""
    tables = [fastparquet.ParquetFile(io.BytesIO(content)).to_pandas() for content in contents]
    rows = pd.concat(tables, ignore_index=True).rename(columns=str.lower) if tables else pd.DataFrame()
    if not len(rows):
        return b""
    kept = _KeptBytes()
    fastparquet.write(
        "rows", rows, compression=compression, open_with=lambda _path, _mode: kept, object_encoding="infer"
    )
    return kept.content


class _KeptBytes(io.BytesIO):
    """Attributes: content: what was written, after fastparquet has closed it."""

    content = b""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()
