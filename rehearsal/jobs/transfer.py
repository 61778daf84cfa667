"""Move a job's files between S3 and its folder, as SageMaker does around a container."""

import gzip
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.jobs.job_outcomes import JobError

_CHUNK = 1 << 20


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise JobError(f"ClientError: S3 URI must look like s3://bucket/key, got {uri}")
    return parts.netloc, parts.path.lstrip("/")


def download(s3: Any, data_type: str, uri: str, folder: Path) -> int:
    """Fetch what an S3DataSource names into `folder`.

    Args:
        s3: A boto3 client.
        data_type: S3Prefix or ManifestFile.
        uri: The prefix, or the manifest's own URI.
        folder: Made if it is not there.

    Returns:
        How many objects were fetched; a prefix nothing matches is 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if data_type == "S3Prefix":
            return sum(_fetch(s3, bucket, key, _inside(folder, name)) for bucket, key, name in _listed(s3, uri))
        if data_type == "ManifestFile":
            return sum(_fetch(s3, bucket, key, _inside(folder, name)) for bucket, key, name in _manifest(s3, uri))
    except (ClientError, BotoCoreError) as exc:
        raise JobError(f"ClientError: Data download failed from {uri}: {exc}") from exc
    raise JobError(f"ClientError: S3DataType must be S3Prefix or ManifestFile on the laptop, got {data_type}")


def download_required(s3: Any, data_type: str, uri: str, folder: Path) -> None:
    """As `download`, but finding nothing ends the job, as on AWS."""
    if not download(s3, data_type, uri, folder):
        raise JobError(
            f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}" given in input data source'
        )


def fetch_object(s3: Any, uri: str, target: Path) -> None:
    """Fetch one object, such as a model's archive."""
    bucket, key = split_uri(uri)
    try:
        _fetch(s3, bucket, key, target)
    except (ClientError, BotoCoreError) as exc:
        raise JobError(f"ClientError: Data download failed from {uri}: {exc}") from exc


def upload_folder(s3: Any, folder: Path, uri: str, kms_key: str | None = None) -> None:
    """Put every file below `folder` under the prefix `uri`."""
    bucket, prefix = split_uri(uri)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            upload_file(s3, path, bucket, f"{prefix.rstrip('/')}/{path.relative_to(folder).as_posix()}", kms_key)


def upload_file(s3: Any, path: Path, bucket: str, key: str, kms_key: str | None = None) -> None:
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    try:
        with path.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=key.lstrip("/"), Body=body, **encryption)
    except (ClientError, BotoCoreError) as exc:
        raise JobError(f"ClientError: Data upload failed to s3://{bucket}/{key}: {exc}") from exc


def pack(folder: Path, archive: Path) -> None:
    """Write `folder` as a .tar.gz that depends on names and contents only: sorted, no times, no owners."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def _listed(s3: Any, uri: str) -> Iterator[tuple[str, str, str]]:
    bucket, prefix = split_uri(uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for row in page.get("Contents", ()):
            if not row["Key"].endswith("/"):
                yield bucket, row["Key"], local_name(row["Key"], prefix)


def local_name(key: str, prefix: str) -> str:
    """Where an object lands in the channel: below the prefix read as a folder, else below the prefix's parent."""
    folder = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    if key.startswith(folder):
        return key[len(folder) :].lstrip("/")
    parent, slash, _ = prefix.rpartition("/")
    return key[len(parent + slash) :].lstrip("/")


def _manifest(s3: Any, uri: str) -> Iterator[tuple[str, str, str]]:
    bucket, key = split_uri(uri)
    entries = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    match entries:
        case [{"prefix": str(prefix)}, *names] if all(isinstance(name, str) for name in names):
            source, start = split_uri(prefix)
            yield from ((source, f"{start}{name}", name) for name in names)
        case _:
            raise JobError(f'ClientError: manifest must be [{{"prefix": "s3://…"}}, "name", …], got {uri}')


def _inside(folder: Path, name: str) -> Path:
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise JobError(f"ClientError: object name must stay inside its channel, got {name}")
    return folder / name


def _fetch(s3: Any, bucket: str, key: str, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with target.open("wb") as file:
        for chunk in body.iter_chunks(_CHUNK):
            file.write(chunk)
    return 1


def s3_source(channel: Mapping[str, Any]) -> Mapping[str, Any]:
    """The S3DataSource of a training channel, the only source the laptop reads."""
    source: Mapping[str, Any] | None = channel.get("DataSource", {}).get("S3DataSource")
    if source is None:
        raise JobError(f"ClientError: channel {channel.get('ChannelName')} must have an S3DataSource on the laptop")
    return source
