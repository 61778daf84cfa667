"""What `cdk` prints, of an app that it takes and of one that fails."""

from pathlib import Path

import pytest

from rehearsal.journey.cdk import run_cdk, synth
from rehearsal.journey.options import PROJECT
from slipway.errors import LaunchError

UNVALIDATED = {"CDK_VALIDATION": "false"}


def test_neither_node_nor_the_settings_of_the_cdk_are_warned_of(tmp_path: Path) -> None:
    out = tmp_path / "cdk.out"
    context = ["-c", "config=config/shoppers.toml", "-c", "stage=dev"]
    printed = run_cdk(["synth", "--quiet", "--output", str(out), *context], workdir=tmp_path, environment=UNVALIDATED)
    messages = [line for line in printed.splitlines() if not line.startswith("Supply a stack id (")]
    assert messages == [f"Successfully synthesized to {out}"]


def test_the_error_has_no_banner_about_node(tmp_path: Path) -> None:
    config = tmp_path / "case.toml"
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    config.write_text(text.replace("instance_count = 4", "instance_count = 1", 1), encoding="utf-8")
    with pytest.raises(LaunchError) as caught:
        synth(config=config, stage="dev", workdir=tmp_path)
    error = str(caught.value)
    assert error.startswith("cdk synth failed with exit code ")
    assert "error SG103 shoppers-dev: CanarySize is all of a fleet of 1 instance" in error
    assert "end-of-life" not in error
    assert "!!!!" not in error
