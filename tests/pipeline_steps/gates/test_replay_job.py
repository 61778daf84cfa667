"""The verb, with the real server behind both models."""

import json
import subprocess
import tempfile
from pathlib import Path

import pytest
from onnx import helper

ARGUMENTS = [
    "--max-requests=600",
    "--min-requests=50",
    "--max-error-percent=0.5",
    "--max-disagreement-percent=10",
    "--max-score-psi=0.75",
    "--max-mean-difference=0.1",
    "--max-segment-difference=0.15",
    "--min-segment-rows=100",
    "--max-latency-ratio=3",
    "--latency-floor-ms=50",
]


def sha256_of(files):
    """As it is in the registry, by `sha256sum`."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        listed = subprocess.run(["sha256sum", *sorted(files)], cwd=folder, check=True, capture_output=True).stdout
    return subprocess.run(["sha256sum"], input=listed, check=True, capture_output=True).stdout.decode().split()[0]


@pytest.fixture
def job(tmp_path, pack, run_verb, capture, shop_requests):
    """Run the job; gives its message and `replay.json`."""

    def run(candidate, champion=None, *, records=0, arguments=(), registered=""):
        inputs = tmp_path / "processing/input"
        pack(inputs / "candidate/model.tar.gz", candidate)
        if champion is not None:
            pack(inputs / "champion/model.tar.gz", champion)
        if records:
            capture(inputs / "capture", shop_requests(records) if isinstance(records, int) else records)
        noted = {"SLIPWAY_MODEL_SHA256": registered}
        ended = run_verb(tmp_path, "replay", *ARGUMENTS, *arguments, environment=noted)
        assert ended.returncode == 0, ended.stderr
        document = json.loads((tmp_path / "processing/output/replay/replay.json").read_text())
        message = (tmp_path / "output/message").read_text()
        assert ended.stdout == message + "\n"
        return message, document

    return run


@pytest.fixture
def inputs(tmp_path, pack, champion_files, capture, shop_requests):
    """The champion as its own candidate, and enough captured requests."""
    for name in ("candidate", "champion"):
        pack(tmp_path / f"processing/input/{name}/model.tar.gz", champion_files)
    capture(tmp_path / "processing/input/capture", shop_requests(60))


def test_a_model_trained_on_more_data_passes(job, champion_files, earlier_files):
    message, document = job(champion_files, earlier_files, records=600)
    assert message == "passed"
    assert (document["contract"]["passed"], document["replay"]["passed"]) == (True, True)
    replay = document["replay"]
    assert (replay["compared"], replay["requests"], replay["rows"]) == (True, 600, 600)
    assert replay["measures"]["error_percent"] == {"found": 0.0, "at_least": 0.0}
    assert {segment["column"] for segment in replay["measures"]["segments"]} == {"month", "returning"}
    assert document["limits"]["max_mean_difference"] == 0.1


def test_a_change_that_callers_are_ready_for_passes_without_a_replay(job, champion_files, with_document):
    changed = with_document(champion_files, "contract.json", lambda document: document.update(target="returned"))
    message, document = job(changed, champion_files, records=60)
    change = document["contract"]["change"]
    assert message == f"contract: target must stay 'bought', got 'returned'; change {change}"
    message, document = job(changed, champion_files, records=60, arguments=[f"--accept-contract-change={change}"])
    assert message == f"passed, without a replay: change {change} of the contract is accepted"
    assert (document["contract"]["accepted"], document["replay"]["compared"]) == (True, False)


def test_the_model_that_was_registered_passes_in_whatever_archive_it_lies(job, champion_files):
    registered = sha256_of(champion_files)
    for files in (champion_files, dict(reversed(champion_files.items()))):
        assert job(files, registered=registered)[1]["contract"]["passed"]


@pytest.mark.parametrize("name", ["model.onnx", "contract.json", "baseline.json", "metrics.json"])
def test_other_files_at_the_place_of_the_registered_model_are_refused(job, champion_files, earlier_files, name):
    message, document = job(
        champion_files | {name: earlier_files[name]}, champion_files, records=60, registered=sha256_of(champion_files)
    )
    assert message.startswith("contract: the artifact must be the one that was registered, sha256 ")
    assert (document["contract"]["passed"], document["replay"]["compared"]) == (False, False)


def test_columns_exchanged_in_the_graph_alone_are_refused_by_the_replay(job, champion_files, exchanged_in_graph):
    message, _ = job(exchanged_in_graph(0, 1), champion_files, records=200)
    assert message.startswith("replay: ")


def test_columns_exchanged_in_contract_and_graph_are_refused_by_the_contract(job, champion_files, with_document):
    def exchange(document):
        columns = document["columns"] if "columns" in document else document["features"]
        columns[0], columns[1] = columns[1], columns[0]

    files = with_document(with_document(champion_files, "contract.json", exchange), "baseline.json", exchange)
    message, document = job(files, champion_files, records=100)
    change = document["contract"]["change"]
    reason = "column visits must stay number 1 of a row's cells, got number 2 (and 1 more)"
    assert message == f"contract: {reason}; change {change}"
    assert document["replay"]["compared"] is False
    assert document["replay"]["not_compared"] == "the contract gate refused the candidate"


def test_a_model_that_fails_on_some_users_is_refused_by_the_replay(job, champion_files, with_nodes):
    # visits 7 gives a score that is no number: the probes of the contract gate do not meet it
    nodes = [
        helper.make_node("Gather", ["features", "first"], ["visits"], axis=1),
        helper.make_node("Equal", ["visits", "seven"], ["unlucky"]),
        helper.make_node("Where", ["unlucky", "nan", "raw"], ["score"]),
    ]
    files = with_nodes(nodes, {"seven": 7.0, "nan": float("nan")}, indices={"first": 0})
    message, document = job(files, champion_files, records=300)
    assert message.startswith("replay: requests that the champion scores must fail in at most 0.5 percent, got ")
    assert document["contract"]["passed"] is True


def test_too_few_captured_requests_pass_and_say_so(job, champion_files):
    message, document = job(champion_files, champion_files, records=12)
    assert message == "passed, without a replay: not enough captured requests: 12 of 50"
    assert (document["replay"]["compared"], document["replay"]["requests"]) == (False, 12)


def test_the_first_model_is_checked_by_itself(job, champion_files):
    message, document = job(champion_files)
    assert message == "passed, without a replay: there is no champion to compare with"
    assert document["contract"] == {"passed": True, "reasons": [], "notes": [], "change": None, "accepted": False}


def test_requests_in_json_with_several_rows_are_replayed_and_what_users_sent_wrongly_is_left_out(
    job, champion_files, shop_requests
):
    records = shop_requests(100)
    for number, data in enumerate(["1,2\n", "a,b,c,d\n", "30,1,Nov,maybe\n"]):
        records[number]["captureData"]["endpointInput"]["data"] = data
    instances = [[30, 40.5, "Nov", "TRUE"], {"visits": 2, "month": "Feb", "returning": "FALSE"}]
    for record in records[40:]:
        record["captureData"]["endpointInput"] |= {
            "observedContentType": "application/json",
            "encoding": "JSON",
            "data": json.dumps({"instances": instances}),
        }
    message, document = job(champion_files, champion_files, records=records)
    assert message == "passed"
    replay = document["replay"]
    assert (replay["requests"], replay["refused_by_champion"], replay["rows"]) == (97, 3, 37 + 60 * 2)


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["--segment=visits"], "--segment must be one of month, returning, got visits"),
        (["--min-requests=601"], "--min-requests must be at most --max-requests 600, got 601"),
        (["--max-error-percent=101"], "must be a number of percent in 0..100, got 101"),
        (["--max-latency-ratio=0"], "must be above 0, got 0"),
        (["--min-segment-rows=0"], "must be a whole number of at least 1, got 0"),
    ],
)
def test_invalid_arguments_fail_the_job(arguments, reported, tmp_path, inputs, run_verb):
    ended = run_verb(tmp_path, "replay", *ARGUMENTS, *arguments)
    assert ended.returncode == 1
    assert reported in (tmp_path / "output/failure").read_text()
    assert not (tmp_path / "output/message").exists()


def test_a_champion_that_cannot_be_read_fails_the_job(tmp_path, pack, champion_files, run_verb):
    pack(tmp_path / "processing/input/candidate/model.tar.gz", champion_files)
    pack(tmp_path / "processing/input/champion/model.tar.gz", {})
    ended = run_verb(tmp_path, "replay", *ARGUMENTS)
    assert ended.returncode == 1
    assert "the artifact must hold model.onnx" in ended.stderr


def test_without_captures_rows_of_the_test_split_find_a_model_that_is_off(
    job, champion_files, with_nodes, shop_body, tmp_path
):
    folder = tmp_path / "processing/input/test_rows"
    folder.mkdir(parents=True)
    names = [column["name"] for column in json.loads(champion_files["contract.json"])["columns"]]
    (folder / "data.csv").write_bytes(",".join(names).encode() + b"\n" + b"".join(shop_body(200)))
    worse = with_nodes(helper.make_node("Mul", ["raw", "half"], ["score"]), {"half": 0.5})
    message, document = job(worse, champion_files, arguments=["--test-rows"])
    assert message.startswith("replay: ")
    assert (document["replay"]["requests"], document["replay"]["sent"]) == (200, "rows of the test split")
