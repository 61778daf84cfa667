"""`slipway simulate`."""

import json
from pathlib import Path

import pytest

from slipway.cli.main import main
from slipway.cli.simulate import forecast_text
from slipway.costs.cost_estimate import rollout_plan
from slipway.endpoint_kinds import SERVERLESS
from slipway.settings import load_settings
from slipway.simulation.configured_rollouts import ConfiguredRollout
from slipway.simulation.forecast import NO_OUTCOMES, forecast, rollouts_within

SHOPPERS = Path(__file__).parents[3] / "config" / "shoppers.toml"
ROLLOUTS = "100"


@pytest.fixture
def simulate(capsys):
    def call(*argv, config=SHOPPERS):
        code = main(["simulate", "--rollouts", ROLLOUTS, "--config", str(config), *argv])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def use_case(tmp_path):
    def write(*changes):
        path = tmp_path / "case.toml"
        text = SHOPPERS.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def forecast_of(use_case):
    def call(*changes, rate, regression=1.0):
        settings = load_settings(use_case(*changes), "dev")
        return forecast(
            settings,
            requests_per_second=rate,
            error_percent=0.5,
            regression_points=regression,
            most_rollouts=int(ROLLOUTS),
        )

    return call


def test_the_plan_is_shown_with_its_cost_and_its_chances_and_the_same_arguments_give_the_same(simulate):
    code, out, err = simulate("--requests-per-second", "50", "--regression", "2")
    found = json.loads(simulate("--requests-per-second", "50", "--regression", "2", "--json")[1])
    assert (code, err) == (0, "")
    assert "600 s of waits" in out
    assert f"{found['canary_requests']:,.0f} expected" in out
    assert f"proven safe {100 * found['healthy']['proven_safe']:.1f} %" in out
    assert found["duration_seconds"] == 600
    assert found["canary_requests"] == pytest.approx(0.25 * 480 * 50)
    assert found["extra_instance_hours"] == pytest.approx(4 * 600 / 3600)
    assert found["healthy"]["rolled_back"] <= 0.01
    assert found["regressed"]["rolled_back"] >= 0.95


NO_ANALYSIS = ("enabled = true", "enabled = false")
ALL_AT_ONCE = ('type = "canary"', 'type = "all_at_once"')


def test_a_model_without_a_decision_goes_live_if_the_settings_let_it(forecast_of):
    found = forecast_of(rate=0.5)
    out = forecast_text(found)
    assert "decides after 390 s of 480; a model without a decision by then goes live unproven" in out
    assert "goes live unproven 100.0 %" in out
    assert "too few requests for a decision" in out
    assert found.canary_analysis.without_evidence == "proceed"
    assert (found.healthy.undecided, found.healthy.goes_live) == (1, 1)
    assert found.healthy.rolled_back_without_evidence == 0


def test_and_is_rolled_back_if_they_do_not(forecast_of):
    found = forecast_of(('= "proceed"', '= "roll_back"'), rate=0.5)
    out, healthy = forecast_text(found), found.healthy
    assert "by then is rolled back (without_evidence = roll_back)" in out
    assert "rolled back for lack of evidence 100.0 %" in out
    assert (healthy.rolled_back, healthy.proven_safe, healthy.undecided) == (0, 0, 1)
    assert (healthy.rolled_back_without_evidence, healthy.goes_live) == (1, 0)


def test_the_use_case_s_own_tolerance_decides(forecast_of):
    lenient = forecast_of(rate=40, regression=1.0)
    strict = forecast_of(("error_tolerance = 0.05", "error_tolerance = 0.01"), rate=40, regression=1.0)
    assert lenient.regressed.proven_safe > 0.1
    assert strict.regressed.proven_safe <= 0.05
    assert "proven safe (below the tolerated 5 points)" in forecast_text(lenient)
    assert "wrongly proven safe" in forecast_text(strict)


def test_scores_that_a_use_case_does_not_watch_delay_no_decision(forecast_of):
    limit = "score_limit = 0.18"
    watched = forecast_of((limit, "score_limit = 0.06"), rate=10).healthy.proven_safe
    assert forecast_of((limit, "score_limit = 0.06\nscores = false"), rate=10).healthy.proven_safe > watched + 0.1


def test_outcomes_are_not_simulated_and_a_note_says_so(forecast_of):
    found = forecast_of(("score_limit = 0.18", "score_limit = 0.18\nvalue = true"), rate=20)
    assert NO_OUTCOMES in found.notes
    assert found.healthy.proven_safe > 0.9


def test_the_shadow_is_simulated_before_the_canary(forecast_of):
    shadow = "[stages.dev.rollout.shadow]\nenabled = true\nmax_seconds = 28800\nerror_tolerance = 0.01\n\n{}"
    analysis = "[stages.dev.rollout.canary_analysis]"
    found = forecast_of((analysis, shadow.format(analysis)), rate=1, regression=3.0)
    out = forecast_text(found)
    assert "shadow            copies of 100 % of the requests, for 8 h at most; no user gets its responses" in out
    assert found.healthy.proven_as_shadow > 0.95
    assert found.regressed.rejected_as_shadow > 0.95
    assert f"rejected as a shadow {100 * found.regressed.rejected_as_shadow:.1f} %" in out
    assert 600 <= found.healthy.shadow_seconds < 28_800
    assert found.regressed.proven_safe < 0.05


def test_without_canary_analysis_the_alarm_decides_alone(forecast_of):
    found = forecast_of(NO_ANALYSIS, rate=20, regression=20.0)
    out = forecast_text(found)
    assert "none (canary_analysis.enabled = false): the alarms decide alone" in out
    assert "stopped 100.0 % by the alarm" in out
    assert found.canary_analysis is None
    assert found.regressed.rolled_back_by_alarm == found.regressed.rolled_back == 1
    assert found.healthy.proven_safe == 0
    assert found.healthy.goes_live >= 0.99


def test_the_use_case_s_own_alarm_decides(forecast_of):
    found = forecast_of(NO_ANALYSIS, ("max_error_percent = 5.0", "max_error_percent = 50.0"), rate=20, regression=20.0)
    assert found.regressed.rolled_back == 0
    assert "above 50 % of errors in 120 s, of at least 10 requests and 5 errors" in forecast_text(found)


@pytest.mark.parametrize(
    ("change", "follows"),
    [
        (ALL_AT_ONCE, "goes live unproven (synth refuses this plan)"),
        (("instance_count = 4", "instance_count = 1"), "goes live unproven; use a canary"),
    ],
    ids=["all at once", "one instance"],
)
def test_fleets_that_never_serve_together_leave_nothing_to_compare(forecast_of, change, follows):
    found = forecast_of(change, rate=50)
    out = forecast_text(found)
    assert "there is nothing to compare; every model that no alarm stops " + follows in out
    assert "a good model      no figure" in out
    assert "simulated rollouts" not in out
    assert found.healthy.undecided == 1


def test_all_at_once_without_canary_analysis_is_left_to_the_alarms(forecast_of):
    found = forecast_of(ALL_AT_ONCE, NO_ANALYSIS, rate=0.3, regression=40.0)
    assert found.regressed.rolled_back_by_alarm > 0.9  # a canary of a quarter gets 9 requests in two minutes
    assert any("the alarms decide alone, while the new model serves all requests" in note for note in found.notes)


def test_an_analysis_that_no_alarm_watches_gets_no_figure(forecast_of):
    found = forecast_of(("[rollout]", '[rollout]\nalarms_off = ["CanaryDecision"]'), rate=50)
    out = forecast_text(found)
    assert "no alarm watches the canary analysis" in out
    assert "a good model" not in out
    assert (found.healthy, found.regressed, found.rollouts) == (None, None, 0)


def test_a_serverless_endpoint_has_nothing_to_simulate(forecast_of):
    no_capture = ("capture_percent = 100", "capture_percent = 0")
    serverless = ("[rollout]", "[endpoint.serverless]\nmemory_mb = 2048\n\n[rollout]")
    found = forecast_of(ALL_AT_ONCE, NO_ANALYSIS, no_capture, serverless, rate=50)
    assert forecast_text(found).splitlines()[0].split() == ["plan", "serverless"]
    assert found.notes == (SERVERLESS.forecast,)
    assert (found.healthy, found.canary_analysis, found.error_alarm) == (None, None, None)


def test_long_plans_are_simulated_less_often():
    settings = load_settings(SHOPPERS, "dev")
    configured = ConfiguredRollout.of(settings.rollout, rollout_plan(settings))
    found = rollouts_within(configured, most_rollouts=1000, fewest_rollouts=20, most_polls=2_000)
    assert found == 2_000 // 50  # 48 in 480 s of canary, 2 in 120 s after it


def test_a_terminal_shows_the_progress(simulate, use_case, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = simulate("--requests-per-second", "5", config=use_case(NO_ANALYSIS))[2]
    assert "simulating, 50%" in progress
    assert progress.endswith("\033[K")


@pytest.mark.parametrize(("kind", "hours"), [("linear", 4 * 1560 / 3600), ("rolling", 1 * 1920 / 3600)])
def test_a_plan_of_several_steps_is_watched_in_each(forecast_of, kind, hours):
    found = forecast_of(('type = "canary"', f'type = "{kind}"'), NO_ANALYSIS, rate=20)
    assert found.canary_requests == pytest.approx((0.25 + 0.5 + 0.75) * 480 * 20)
    assert found.extra_instance_hours == pytest.approx(hours)


def test_more_errors_than_requests_are_refused(simulate):
    code, _, err = simulate("--requests-per-second", "5", "--error-percent", "30", "--regression", "80")
    assert code == 2
    assert "must add up to at most 100, got 110" in err


def test_a_traffic_rate_is_needed(simulate, use_case, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--requests-per-second", "0"])
    assert ended.value.code == 2
    assert "--requests-per-second" in capsys.readouterr().err
    code, _, err = simulate(config=use_case(NO_ANALYSIS))
    assert (code, "--requests-per-second must be given" in err) == (2, True)


def test_the_rate_that_the_file_records_is_taken(simulate, use_case):
    recorded = use_case(NO_ANALYSIS, ("[rollout]\n", "[rollout]\nrequests_per_second = 50\n"))
    found = [simulate("--rollouts", "10", *rate, config=recorded) for rate in ([], ["--requests-per-second", "50"])]
    assert found[0] == found[1]
    assert found[0][0] == 0
