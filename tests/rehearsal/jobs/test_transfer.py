import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.jobs.job_outcomes import JobError
from rehearsal.jobs.transfer import download, local_name, split_uri, upload_folder

NAMES = st.text("abc./-", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("key", "prefix", "name"),
    [
        ("data/train/a.csv", "data/train/", "a.csv"),
        ("data/train/a.csv", "data/train", "a.csv"),
        ("data/train/deep/a.csv", "data/train", "deep/a.csv"),
        ("data/model.tar.gz", "data/model.tar.gz", "model.tar.gz"),
        ("data/train-extra/a.csv", "data/train", "train-extra/a.csv"),
        ("a.csv", "", "a.csv"),
        ("abc", "a", "abc"),
    ],
)
def test_objects_land_below_their_prefix(key: str, prefix: str, name: str) -> None:
    assert local_name(key, prefix) == name


@given(NAMES, NAMES)
def test_every_object_of_a_prefix_has_a_name_in_the_channel(prefix: str, rest: str) -> None:
    name = local_name(f"{prefix}{rest}x", prefix)
    assert name.endswith("x")
    assert not name.startswith("/")


def test_folders_marked_by_empty_objects_are_left_out(s3: Any, api: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket=api.bucket, Key="data/", Body=b"")
    s3.put_object(Bucket=api.bucket, Key="data/a.csv", Body=b"1")
    assert download(s3, "S3Prefix", f"s3://{api.bucket}/data/", tmp_path / "in") == 1
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.csv"]


def test_a_manifest_names_the_objects_to_fetch(s3: Any, api: Any, tmp_path: Path) -> None:
    for name in ("a.csv", "deep/b.csv", "c.csv"):
        s3.put_object(Bucket=api.bucket, Key=f"data/{name}", Body=name.encode())
    manifest = [{"prefix": f"s3://{api.bucket}/data/"}, "a.csv", "deep/b.csv"]
    s3.put_object(Bucket=api.bucket, Key="some.manifest", Body=json.dumps(manifest).encode())
    assert download(s3, "ManifestFile", f"s3://{api.bucket}/some.manifest", tmp_path) == 2
    assert (tmp_path / "deep/b.csv").read_text() == "deep/b.csv"


def test_an_object_cannot_leave_its_channel(s3: Any, api: Any, tmp_path: Path) -> None:
    manifest = [{"prefix": f"s3://{api.bucket}/"}, "../../etc/passwd"]
    s3.put_object(Bucket=api.bucket, Key="some.manifest", Body=json.dumps(manifest).encode())
    with pytest.raises(JobError, match="object name must stay inside its channel"):
        download(s3, "ManifestFile", f"s3://{api.bucket}/some.manifest", tmp_path)


def test_a_missing_bucket_fails_the_job(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="ClientError: Data download failed from s3://nobody-has-this/x"):
        download(s3, "S3Prefix", "s3://nobody-has-this/x", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match="ClientError: Data upload failed to s3://nobody-has-this/x/file"):
        upload_folder(s3, tmp_path, "s3://nobody-has-this/x/")


def test_an_unknown_data_type_is_refused(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(
        JobError, match="S3DataType must be S3Prefix or ManifestFile on the laptop, got AugmentedManifest"
    ):
        download(s3, "AugmentedManifestFile", "s3://bench/x", tmp_path)


@pytest.mark.parametrize("uri", ["bucket/key", "https://bucket/key", "s3:///key"])
def test_only_s3_uris_are_read(uri: str) -> None:
    with pytest.raises(JobError, match="S3 URI must look like s3://bucket/key"):
        split_uri(uri)


def test_uploads_are_encrypted_with_the_key_that_is_named(s3: Any, api: Any, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    upload_folder(s3, tmp_path, f"s3://{api.bucket}/out", "arn:aws:kms:us-east-1:000000000000:key/1")
    head = s3.head_object(Bucket=api.bucket, Key="out/x.txt")
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] == "arn:aws:kms:us-east-1:000000000000:key/1"
