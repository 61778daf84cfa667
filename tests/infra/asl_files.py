"""ASL files with their placeholders replaced, as CloudFormation does it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def substituted(file: Path, substitutions: Mapping[str, str]) -> dict[str, Any]:
    """The definition; a placeholder without a substitution is a KeyError."""
    values = {"Partition": "aws", **substitutions}
    text = re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], file.read_text(encoding="utf-8"))
    definition: dict[str, Any] = json.loads(text)
    return definition
