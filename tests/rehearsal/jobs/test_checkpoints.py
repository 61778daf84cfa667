"""Checkpoints that could not be copied at once."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.jobs.checkpoints import CheckpointFolder
from rehearsal.jobs.job_outcomes import JobError
from tests.rehearsal.cloud.process import eventually


class Away:
    """S3, which can be away."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.away = True
        self.refused = 0

    def put_object(self, **given: Any) -> None:
        if self.away:
            self.refused += 1
            raise ClientError({"Error": {"Code": "503", "Message": "Slow Down"}}, "PutObject")
        self._s3.put_object(**given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)


@pytest.fixture
def store(s3: Any) -> Away:
    return Away(s3)


@pytest.fixture
def folder(store: Away, tmp_path: Path) -> CheckpointFolder:
    made = CheckpointFolder(store, {"S3Uri": "s3://bench/kept"}, tmp_path)
    made.bring_back()
    return made


def test_a_checkpoint_that_could_not_be_copied_is_copied_when_s3_is_back(
    folder: CheckpointFolder, store: Away, s3: Any, tmp_path: Path
) -> None:
    with folder.kept():
        (tmp_path / "checkpoints/count").write_text("40")
        eventually(lambda: store.refused)
        store.away = False
    assert s3.get_object(Bucket="bench", Key="kept/count")["Body"].read() == b"40"


def test_what_the_last_copy_could_not_do_fails_the_job(folder: CheckpointFolder, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="Slow Down"), folder.kept():
        (tmp_path / "checkpoints/count").write_text("40")
