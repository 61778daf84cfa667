"""What the documents show as settings is accepted, alone or added to the example's table and training."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from slipway.settings import parse_settings

PROJECT = Path(__file__).resolve().parents[2]
OF_ITS_ENDPOINT = ("endpoint", "rollout", "stages")


def examples() -> Iterator[tuple[str, str]]:
    for document in (PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))):
        blocks = re.findall(r"^```toml\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        yield from ((str(document.relative_to(PROJECT)), block) for block in blocks)


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {**base} | {
        key: merged(base.get(key, {}), value) if isinstance(value, dict) else value for key, value in more.items()
    }


@pytest.mark.parametrize(("document", "text"), list(examples()))
def test_settings_that_a_document_shows_are_accepted(document: str, text: str) -> None:
    shown = tomllib.loads(text)
    example = tomllib.loads((PROJECT / "config" / "shoppers.toml").read_text(encoding="utf-8"))
    example = {section: keys for section, keys in example.items() if section not in OF_ITS_ENDPOINT}
    whole = shown if "data" in shown else merged(example, shown)
    stages = whole.pop("stages", {"dev": {}})
    for stage, overrides in stages.items():
        parse_settings(merged(whole, {**overrides, "stage": stage}), source=document)


def test_programs_that_a_document_shows_can_be_parsed_and_import_what_exists() -> None:
    for document in sorted((PROJECT / "docs").rglob("*.md")):
        text = document.read_text(encoding="utf-8")
        for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("infra", "slipway"):
                    source = (PROJECT / f"{str(node.module).replace('.', '/')}.py").read_text(encoding="utf-8")
                    unknown = [name.name for name in node.names if f"class {name.name}" not in source]
                    assert (document.name, unknown) == (document.name, [])
