"""What `cdk` prints, of an app that it takes and of one that fails."""

import shutil
from pathlib import Path

import pytest

from rehearsal.journey.cdk import run_cdk
from rehearsal.journey.options import PROJECT
from slipway.errors import LaunchError

APP = """
import sys
import aws_cdk as cdk
app = cdk.App()
cdk.Stack(app, "Tiny")
if reason := app.node.try_get_context("fails"):
    sys.exit(reason)
app.synth()
"""


def synth(folder: Path, *context: str) -> str:
    """Synthesize a small app with the project's settings of the CDK."""
    shutil.copy(PROJECT / "cdk.json", folder)
    (folder / "app.py").write_text(APP)
    argv = ["synth", "--quiet", "--output", str(folder / "cdk.out"), *context]
    return run_cdk(argv, workdir=folder, environment={"CDK_VALIDATION": "false"}, cwd=folder)


def test_neither_node_nor_the_settings_of_the_cdk_are_warned_of(tmp_path: Path) -> None:
    assert synth(tmp_path) == ""
    assert (tmp_path / "cdk.out" / "Tiny.template.json").exists()


def test_the_error_has_no_banner_about_node(tmp_path: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        synth(tmp_path, "-c", "fails=error SG103 shoppers-dev")
    error = str(caught.value)
    assert error.startswith("cdk synth failed with exit code ")
    assert "error SG103 shoppers-dev" in error
    assert "end-of-life" not in error
    assert "!!!!" not in error
