"""The format of SageMaker's data capture: lines of JSON, each a request and its response.

`slipway/canary/observation/captures.py` reads the same lines by the same rules; a contract test compares them.
"""

import base64
from pathlib import Path
from typing import Any

from pipeline_steps.server.request_formats import CSV, JSON

NO_RECORD = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""The errors of a line that is no record."""

_TYPES = {"CSV": CSV, "JSON": JSON}
_BYTE_ORDER_MARK = "\ufeff".encode()


def json_lines(content: bytes) -> list[bytes]:
    """Split at line feeds alone: a text within a line may contain every other separator. Blank lines are left out."""
    return [line for line in content.removeprefix(_BYTE_ORDER_MARK).split(b"\n") if line.strip()]


def capture_files(folder: Path) -> list[Path]:
    """Find the capture files below `folder`, oldest first.

    …/<endpoint>/<variant>/yyyy/mm/dd/hh/<file>: however deep, the last five parts are in the order of time.
    """
    return sorted(folder.rglob("*.jsonl"), key=lambda path: path.relative_to(folder).parts[-5:])


def read_side(entry: dict[str, Any]) -> tuple[bytes, str]:
    """Read a request or a response: its body and its content type.

    SageMaker writes types that no capture header of the endpoint config names in base64.
    """
    encoding, data = entry.get("encoding", "CSV"), entry["data"]
    body: bytes = base64.b64decode(data, validate=True) if encoding == "BASE64" else data.encode()
    return body, entry.get("observedContentType") or _TYPES[encoding]
