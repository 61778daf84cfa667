"""`slipway plan`."""

import json
import tomllib
from pathlib import Path

import pytest

from slipway.cli.main import main

SHOPPERS = Path(__file__).parents[3] / "config" / "shoppers.toml"


def plan(capsys, *argv):
    code = main(["plan", "--config", str(SHOPPERS), "--stage", "dev", *argv])
    return code, capsys.readouterr().out


def test_the_lines_of_the_file_are_those_of_the_json_and_lint_finds_nothing_in_them(capsys, tmp_path):
    code, lines = plan(capsys, "--requests-per-second", "100", "--toml")
    document = json.loads(plan(capsys, "--requests-per-second", "100", "--json")[1])
    assert code == 0
    proposed = tomllib.loads(lines)["rollout"]
    assert proposed == {**document["rollout"], "requests_per_second": 100}
    assert document["good_models_promoted"] >= 0.9
    assert document["bad_models_stopped"] >= 0.95
    head, _, tail = SHOPPERS.read_text().partition("[rollout]")
    config = tmp_path / "planned.toml"
    config.write_text(f"{head}{lines}\n[stages.prod]\nkeep_data = true\n" if tail else "")
    assert main(["lint", "--config", str(config), "--stage", "prod"]) == 0


def test_the_text_has_the_plan_its_margins_and_what_to_expect(capsys):
    code, text = plan(capsys, "--requests-per-second", "100")
    assert code == 0
    for part in ("canary of 25 %, 10 minutes; ", "7.5 points of scores", "a good model      promoted in"):
        assert part in text


def test_without_credentials_the_error_says_what_else_gives_the_traffic(capsys, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    assert main(["plan", "--config", str(SHOPPERS)]) == 1
    err = capsys.readouterr().err
    assert "AWS credentials are needed" in err
    assert err.rstrip().endswith("or give the traffic that you expect with --requests-per-second")


def test_little_traffic_gets_a_shadow(capsys):
    proposed = tomllib.loads(plan(capsys, "--requests-per-second", "0.3", "--toml")[1])["rollout"]
    assert proposed["shadow"]["enabled"]


@pytest.mark.thorough
def test_what_a_shadow_finds_is_simulated(capsys):
    proposed = tomllib.loads(plan(capsys, "--requests-per-second", "0.3", "--toml")[1])["rollout"]
    document = json.loads(plan(capsys, "--requests-per-second", "0.3", "--json")[1])
    assert proposed == {**document["rollout"], "requests_per_second": 0.3}
    assert (proposed["shadow"]["enabled"], document["shadow"]["copied"]) == (True, 1)
    assert document["good_models_proven_as_shadow"] >= document["good_models_promoted"] > 0.9
    assert document["bad_models_stopped"] > 0.95


def test_an_endpoint_without_instances_has_no_canary_to_plan(capsys, tmp_path):
    config = tmp_path / "serverless.toml"
    head = SHOPPERS.read_text().partition("[endpoint]")[0]
    serverless = "[endpoint]\ncapture_percent = 0\n[endpoint.serverless]\nmemory_mb = 2048\nmax_concurrency = 5\n"
    config.write_text(f'{head}{serverless}[rollout]\ntype = "all_at_once"\n')
    assert main(["plan", "--config", str(config), "--requests-per-second", "5"]) == 2
    assert "plan must be of an endpoint with instances" in capsys.readouterr().err
