"""What the rollout gives to the replay job against what the verb takes, and faulty models against the verb."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.rollout.runtime.orchestrator.gates import decide, proven
from pipeline_steps import replay
from pipeline_steps.__main__ import EXIT_CODES_OF_BAD_INPUT
from pipeline_steps.artifact.files import REGISTERED
from pipeline_steps.gates.gate_results import ContractResult, ReplayResult, message
from pipeline_steps.gates.score_proof import ScoreShares
from pipeline_steps.gates.split_rows import REGISTERED_ROWS
from pipeline_steps.paths import Paths
from slipway.settings import parse_settings
from slipway.training.registration import GATE_PROPERTIES, MODEL_SHA256_VARIABLE, TEST_ROWS
from slipway.training.replay_job import replay_arguments
from tests.infra.rollout.account import World
from tests.infra.rollout.journal import run, target

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
OF_OTHERS = {"test_rows": False, "own_model": False, "output_pointer": None, "output_column": None, "endpoint": ""}
CAPTURES = "s3://bucket/capture/shoppers-dev/primary/"
OPT_ML = Paths(Path("/opt/ml"))


def arguments_of(document, **limits):
    parsed = parse_settings(document | {"rollout": document["rollout"] | {"replay": limits}}, source="config.toml")
    return replay_arguments(parsed, captures=CAPTURES)


def request(arguments):
    world = World()
    run(world, gate_job={**target().gate_job, "arguments": arguments})
    (found,) = world.jobs.values()
    return found


def test_the_verb_that_the_job_starts_is_one_of_the_image(document):
    specification = request(arguments_of(document))["AppSpecification"]
    assert specification["ContainerEntrypoint"] == ["python", "-m", "pipeline_steps", "replay"]
    assert "replay" in EXIT_CODES_OF_BAD_INPUT


def test_the_job_gets_every_limit_of_the_settings(document):
    found = vars(replay.parser().parse_args(request(arguments_of(document))["AppSpecification"]["ContainerArguments"]))
    defaults = parse_settings(document, source="config.toml").rollout.replay.model_dump()
    segments = defaults.pop("segments")
    proof = {"score_limit": None, "proof_error": 0.05}
    given = {"captures": CAPTURES, "segment": list(segments), "accept_contract_change": ""}
    assert found == defaults | given | proof | OF_OTHERS


@pytest.mark.parametrize("kind", ["serverless", "asynchronous"])
def test_where_nothing_is_captured_the_job_sends_the_test_rows_that_the_package_names(document, kind):
    changed = {name: section for name, section in document.items() if name not in ("endpoint", "rollout")}
    arguments = replay_arguments(parse_settings(changed | {"endpoint": {"kind": kind}}, source="c"), captures=CAPTURES)
    assert replay.parser().parse_args(arguments).test_rows
    assert f"SLIPWAY_{TEST_ROWS.upper()}" == REGISTERED_ROWS
    assert TEST_ROWS in GATE_PROPERTIES


@pytest.mark.parametrize(("scores", "limit"), [(True, 0.07), (False, None)])
def test_the_job_is_told_what_the_canary_would_have_to_prove_of_scores_where_it_compares_them(document, scores, limit):
    analysis = {"enabled": True, "scores": scores, "score_limit": 0.07, "false_promotion_rate": 0.02}
    changed = document | {"rollout": document["rollout"] | {"canary_analysis": analysis}}
    arguments = replay_arguments(parse_settings(changed, source="config.toml"), captures=CAPTURES)
    found = replay.parser().parse_args(arguments)
    assert (found.score_limit, found.proof_error) == (limit, 0.02 if scores else 0.05)


def test_the_rollout_reads_from_the_jobs_message_what_the_replay_has_proven():
    within = ReplayResult(1200, scores=ScoreShares(0.02, 1200), scores_are_proven=True)
    assert proven(message(ContractResult(()), within)) == {"scores": "by replay on 1,200 requests"}
    for other in (ReplayResult(1200, scores=ScoreShares(0.2, 1200)), ReplayResult(1200)):
        assert proven(message(ContractResult(()), other)) == {}


def test_the_job_gets_the_one_change_of_the_contract_that_is_accepted(document):
    changed = document | {"rollout": document["rollout"] | {"accept_contract_change": "0123456789ab"}}
    arguments = replay_arguments(parse_settings(changed, source="config.toml"), captures=CAPTURES)
    assert replay.parser().parse_args(arguments).accept_contract_change == "0123456789ab"


SHARE = st.floats(min_value=0.001, max_value=0.999)
PERCENT = st.floats(min_value=0, max_value=99.9)
ABOVE_ONE = st.floats(min_value=1, max_value=100, exclude_min=True)


@settings(deadline=None)
@given(
    limits=st.fixed_dictionaries(
        {
            "max_requests": st.integers(500, 20_000),
            "min_requests": st.integers(1, 500),
            "max_error_percent": PERCENT,
            "max_disagreement_percent": PERCENT,
            "max_score_psi": st.floats(0.01, 5),
            "max_mean_difference": SHARE,
            "max_segment_difference": SHARE,
            "min_segment_rows": st.integers(2, 20_000),
            "max_latency_ratio": ABOVE_ONE,
            "latency_floor_ms": ABOVE_ONE,
            "segments": st.lists(st.sampled_from(["Month", "Region", "Weekend"]), unique=True),
        }
    )
)
def test_the_verb_takes_every_limit_that_the_settings_accept(document, limits):
    found = vars(replay.parser().parse_args(arguments_of(document, **limits)))
    named = {name: value for name, value in limits.items() if name != "segments"}
    expected = {"captures": CAPTURES, "segment": limits["segments"], "accept_contract_change": ""}
    assert found == named | expected | OF_OTHERS | {"score_limit": None, "proof_error": 0.05}


def test_the_job_gets_the_hash_under_the_name_that_the_verb_reads(document):
    assert list(request(arguments_of(document))["Environment"]) == [REGISTERED]


def test_a_servers_container_gets_the_hash_under_the_name_that_the_verb_reads():
    assert MODEL_SHA256_VARIABLE == REGISTERED


def test_every_folder_the_verb_reads_or_writes_is_the_one_the_job_mounts(document):
    found = request(arguments_of(document))
    inputs = {each["InputName"]: each["S3Input"]["LocalPath"] for each in found["ProcessingInputs"]}
    assert inputs == {name: str(OPT_ML.processing_input(name)) for name in ("candidate", "champion")}
    (output,) = found["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["LocalPath"] == "/opt/ml/processing/output/replay"


@pytest.mark.parametrize(
    ("contract", "result", "by"),
    [
        (ContractResult(()), None, None),
        (ContractResult(()), ReplayResult(3, not_compared="12 of 50 requests"), None),
        (ContractResult(("column month must stay number 3",)), None, "contract"),
        (ContractResult(()), ReplayResult(80, reasons=("labels must differ less",)), "replay"),
    ],
)
def test_the_rollout_decides_by_what_the_verb_reports(contract, result, by):
    job = {"name": "job", "status": "Completed", "message": message(contract, result), "failure": ""}
    rejection = decide(job)
    assert (rejection.by if rejection else None) == by
