"""`slipway cost`, as it is typed."""

import json
from pathlib import Path

import pytest

from slipway.cli.main import main
from slipway.costs.prices import PRICES

CONFIG = Path(__file__).resolve().parents[3] / "config" / "shoppers.toml"


def slipway(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["cost", "--config", str(CONFIG), *argv])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_people_get_three_sums_and_the_date_of_the_prices(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = slipway(capsys)
    assert code == 0
    titles = [line.split("$")[0].strip() for line in out.splitlines() if not line.startswith((" ", "note"))]
    assert titles == ["a run of the pipeline (5 minutes a job)", "a month of serving", "a rollout"]
    assert "note: prices of 2026-09-28 in us-east-1: https://pricing" in out


def test_machines_get_lines_that_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(slipway(capsys, "--json", "--requests-per-second", "20")[1])
    for part in ("run", "serving_month", "rollout"):
        assert found[part]["dollars"] == pytest.approx(sum(line["dollars"] for line in found[part]["lines"]), abs=1e-6)
        for line in found[part]["lines"]:
            assert line["dollars"] == pytest.approx(line["quantity"] * line["price"])
    assert (found["region"], found["as_of"], found["currency"]) == ("us-east-1", "2026-09-28", "USD")


def test_without_traffic_no_finding_is_about_requests(capsys: pytest.CaptureFixture[str]) -> None:
    assert "requests" not in slipway(capsys)[1]
    assert "requests and responses" in slipway(capsys, "--requests-per-second", "20")[1]


def test_the_rollout_is_the_one_that_simulate_forecasts(capsys: pytest.CaptureFixture[str]) -> None:
    hours = json.loads(slipway(capsys, "--json")[1])["rollout"]["lines"][0]["quantity"]
    assert (
        main(["simulate", "--config", str(CONFIG), "--requests-per-second", "0.01", "--rollouts", "10", "--json"]) == 0
    )
    assert json.loads(capsys.readouterr().out)["extra_instance_hours"] == pytest.approx(hours)


def test_another_region_is_warned_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "shoppers.toml"
    config.write_text('region = "eu-west-1"\n' + CONFIG.read_text())
    assert main(["cost", "--config", str(config)]) == 0
    assert "is deployed in eu-west-1, whose prices differ" in capsys.readouterr().out


def test_a_table_of_ones_own_is_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(PRICES.read_text().replace('"ml.m5.large" = 0.115', '"ml.m5.large" = 0.1'))
    found = json.loads(slipway(capsys, "--json", "--prices", str(table))[1])
    assert found["serving_month"]["lines"][0]["dollars"] == pytest.approx(292.0)


def test_a_type_without_a_price_ends_with_exit_code_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "shoppers.toml"
    config.write_text(
        CONFIG.read_text().replace(
            'instance_type = "ml.m5.large"\ninstance_count', 'instance_type = "ml.z1.huge"\ninstance_count'
        )
    )
    assert main(["cost", "--config", str(config)]) == 2
    assert "must have ml.z1.huge" in capsys.readouterr().err


def test_help_lists_what_is_not_included(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["cost", "--help"])
    assert ended.value.code == 0
    assert "Tax, discounts, savings" in capsys.readouterr().out
