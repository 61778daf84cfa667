"""The process: how it starts, where it writes, how it ends."""

import http.client
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.rehearsal.cloud.process import (
    PROJECT,
    CloudProcess,
    build_image,
    end_cloud,
    eventually,
    start_cloud,
    write_steps,
)


def children_of(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task")
    if not task.exists():
        return []
    return [int(child) for each in task.iterdir() for child in (each / "children").read_text().split()]


def test_two_stand_side_by_side_and_end_with_their_input(tmp_path: Path, steps_folder: Path) -> None:
    clouds = [start_cloud(tmp_path / name, steps_folder) for name in ("a", "b")]
    for cloud, bucket in zip(clouds, ("one", "two"), strict=True):
        cloud("s3").create_bucket(Bucket=bucket)
    found = [[b["Name"] for b in cloud("s3").list_buckets()["Buckets"]] for cloud in clouds]
    assert found == [["one"], ["two"]]
    assert [end_cloud(cloud) for cloud in clouds] == [0, 0]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_signal_ends_it_with_every_process_it_started(tmp_path: Path, steps_folder: Path) -> None:
    cloud = start_cloud(tmp_path, steps_folder)
    cloud("sagemaker").create_processing_job(
        ProcessingJobName="sleeper",
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}},
        AppSpecification={"ImageUri": build_image(cloud, steps_folder), "ContainerEntrypoint": ["sleep", "600"]},
        RoleArn="arn:aws:iam::000000000000:role/processing",
    )
    started = eventually(lambda: children_of(cloud.child.pid))
    cloud.child.send_signal(signal.SIGTERM)
    assert cloud.child.wait(timeout=60) == 0
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    end_cloud(cloud)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_imports_for_its_jobs_before_there_are_any_and_takes_that_process_along(tmp_path: Path) -> None:
    steps, mark = write_steps(tmp_path / "project"), tmp_path / "mark"
    (steps / "preload.toml").write_text('prepare = ["pipeline_steps.marking"]\n')
    (steps / "marking.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    cloud = start_cloud(tmp_path / "work", steps)
    eventually(mark.exists)
    (server,) = children_of(cloud.child.pid)
    cloud.child.kill()
    end_cloud(cloud)
    eventually(lambda: not Path(f"/proc/{server}").exists())


def test_it_makes_no_key_for_a_service_that_nothing_uses(cloud: CloudProcess) -> None:
    assert not list((cloud.workdir / "state").glob("cognito*"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_answers_on_the_loopback_interface_alone(cloud: CloudProcess) -> None:
    address = urlsplit(cloud.endpoint_url)
    assert address.hostname == "127.0.0.1"
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f"{address.port:04X}"
    found = {line[1].split(":")[0] for line in listening if line[1].endswith(f":{port}") and line[3] == "0A"}
    assert found == {"0100007F"}


def test_it_writes_below_its_workdir_only(cloud: CloudProcess) -> None:
    port = urlsplit(cloud.endpoint_url).port
    cloud("s3").create_bucket(Bucket="written")
    assert not list(Path(tempfile.gettempdir()).glob(f"ministack-{port}*"))
    assert (cloud.workdir / "cloud.log").exists()


def test_a_wrong_argument_is_told_with_exit_code_2(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "rehearsal.cloud",
        "--workdir",
        str(tmp_path),
        "--steps-folder",
        str(tmp_path / "none"),
    ]
    ended = subprocess.run(argv, capture_output=True, text=True, cwd=PROJECT, check=False)
    assert ended.returncode == 2
    assert "must be a folder, got" in ended.stderr


def test_a_taken_port_is_told(cloud: CloudProcess, tmp_path: Path, steps_folder: Path) -> None:
    port = str(urlsplit(cloud.endpoint_url).port)
    argv = [sys.executable, "-m", "rehearsal.cloud", "--workdir", str(tmp_path), "--steps-folder", str(steps_folder)]
    ended = subprocess.run([*argv, "--port", port], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert ended.returncode == 1
    assert f"port {port} of 127.0.0.1 must be free" in ended.stderr


def test_an_unknown_path_gets_an_answer(cloud: CloudProcess) -> None:
    address = urlsplit(cloud.endpoint_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port or 0, timeout=5)
    path = "/endpoints/none/invocations"
    headers = cloud.key.signed("POST", f"{cloud.endpoint_url}{path}", service="sagemaker", body=b"1,2")
    connection.request("POST", path, body=b"1,2", headers=headers)
    response = connection.getresponse()
    assert (response.status, response.getheader("x-amzn-errortype")) == (400, "ValidationError")
    assert b"Endpoint none of account 000000000000 not found" in response.read()
    connection.close()
