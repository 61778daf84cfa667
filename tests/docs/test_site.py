"""`make docs` builds every page without a warning, and its reference leaves nothing out."""

import argparse
import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from scripts.reference.command_line import command_parsers
from scripts.reference.settings import keys, sections
from slipway.guardrails.published_metrics import METRIC_NAMES
from slipway.guardrails.rules import RULES
from slipway.metrics import DECISION_METRIC, ENDPOINT_NAMESPACE
from slipway.rollout.steps import Outcome, RolloutStep
from slipway.settings import Delivery, Settings
from slipway.settings.rollout import SwitchableAlarm
from slipway.settings.section import Section

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each built page's text, by its path."""
    folder = tmp_path_factory.mktemp("pages")
    argv = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    ended = subprocess.run(
        argv,
        cwd=PROJECT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return {str(page.relative_to(folder)): page.read_text(encoding="utf-8") for page in folder.rglob("*.html")}


def plain(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def test_nothing_is_loaded_from_another_server(pages: dict[str, str]) -> None:
    loaded = (
        r"<(?:script|img|iframe)[^>]+src=\"https?://|<link[^>]+rel=\"(?:stylesheet|preconnect)\"[^>]+href=\"https?://"
    )
    assert [name for name, page in pages.items() if re.search(loaded, page)] == []


def test_no_page_is_left_unmade(pages: dict[str, str]) -> None:
    assert [name for name, page in pages.items() if "made from:" in page] == []


@pytest.mark.parametrize(("root", "page"), [(Settings, "settings"), (Delivery, "delivery-settings")])
def test_every_key_of_the_settings_is_described(pages: dict[str, str], root: type[Section], page: str) -> None:
    text = plain(pages[f"reference/{page}.html"])
    for path, section in sections(root):
        assert path in text
        for key in keys(section):
            assert key.meaning, f"{section.__name__}.{key.path} needs a docstring"
            assert key.path in text
            assert key.meaning.split("`")[0].split("<")[0].strip() in " ".join(text.split())


def test_every_option_of_every_command_is_described(pages: dict[str, str]) -> None:
    text = plain(pages["reference/command-line.html"])
    for words, parser in command_parsers().items():
        section = text.partition(f"usage: slipway {words}")[2].partition("usage: ")[0]
        for action in parser._actions:  # argparse has no public list of them
            assert action.help or isinstance(action, argparse._SubParsersAction), f"{words} {action.dest}"
            assert all(option in section for option in action.option_strings), words


def test_every_guardrail_rule_is_described(pages: dict[str, str]) -> None:
    text = plain(pages["reference/guardrail-rules.html"])
    assert [rule.id for rule in RULES if rule.id not in text] == []


def test_every_decision_is_listed(pages: dict[str, str]) -> None:
    records = list((PROJECT / "docs" / "decisions").glob("[0-9]*.md"))
    assert records
    assert [one.stem for one in records if f'href="{one.stem}.html"' not in pages["decisions/index.html"]] == []


def test_every_decision_has_a_number_of_its_own_which_its_title_repeats() -> None:
    records = sorted((PROJECT / "docs" / "decisions").glob("[0-9]*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(records) + 1))
    titles = [record.read_text(encoding="utf-8").partition("\n")[0] for record in records]
    assert [title for number, title in zip(numbers, titles, strict=True) if not title.startswith(f"# {number}. ")] == []


def test_every_step_and_outcome_of_a_rollout_is_described(pages: dict[str, str]) -> None:
    text = plain(pages["reference/rollout.html"])
    assert [name.value for name in (*Outcome, *RolloutStep) if name.value not in text] == []


def test_every_metric_and_alarm_of_ours_is_described(pages: dict[str, str]) -> None:
    text = plain(pages["reference/metrics-and-alarms.html"])
    names = {*METRIC_NAMES[ENDPOINT_NAMESPACE], DECISION_METRIC, *get_args(SwitchableAlarm), "ServerErrors"}
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == set()
