"""Nobody comes in but who has signed with a key of the run: no other user of the machine, and no web page."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from rehearsal.access_key import AccessKey
from tests.rehearsal.cloud.process import CloudProcess

NOBODY = 65534
CREATE = b'{"RoleName": "intruder", "AssumeRolePolicyDocument": "{}"}'
Answer = tuple[int, dict[str, str], bytes]


def ask(cloud: CloudProcess, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """A request as it is, whatever an SDK would make of it."""
    address = urlsplit(cloud.endpoint_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port or 0, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def client(cloud: CloudProcess, service: str, key: AccessKey, token: str | None = None) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4" if service == "s3" else None),
    )


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    found = caught.value.response
    return found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]


UNSIGNED = [
    ("GET", "/", {}, b""),
    ("GET", "/_slipway/access", {}, b""),
    ("GET", "/_ministack/health", {}, b""),
    ("POST", "/_ministack/reset", {}, b""),
    ("POST", "/", {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}, b"{}"),
    ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListRoles&Version=2010-05-08"),
    ("POST", "/2015-03-31/functions", {"Content-Type": "application/json"}, b"{}"),
    ("POST", "/endpoints/shop/invocations", {"Content-Type": "text/csv"}, b"1,2"),
    ("PUT", "/bucket/key", {}, b"x"),
    ("OPTIONS", "/bucket/key", {"Access-Control-Request-Method": "PUT"}, b""),
]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_of_the_machine_gets_nothing(cloud: CloudProcess) -> None:
    """Neither an answer nor a look at what the process has: its arguments, its environment, its files."""
    program = f"""
import encodings.idna, http.client, json, os, pathlib
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
found = []
for method, path, headers, body in {UNSIGNED!r}:
    connection = http.client.HTTPConnection("127.0.0.1", {urlsplit(cloud.endpoint_url).port}, timeout=10)
    connection.request(method, path, body=body, headers=headers)
    found.append(connection.getresponse().status)
seen = pathlib.Path("/proc/{cloud.child.pid}/cmdline").read_text() if os.path.exists("/proc") else ""
for path in ("/proc/{cloud.child.pid}/environ", {str(cloud.workdir / "cloud.log")!r}):
    try:
        seen += pathlib.Path(path).read_text(errors="replace")
    except OSError:
        pass
print(json.dumps({{"answers": found, "seen": seen}}))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd="/", check=False)
    assert ended.returncode == 0, ended.stderr
    reported = json.loads(ended.stdout)
    assert set(reported["answers"]) <= {400, 403}
    assert cloud.key.secret not in reported["seen"]


@pytest.mark.parametrize(("method", "path", "headers", "body"), UNSIGNED)
def test_a_request_without_a_signature_does_nothing(
    cloud: CloudProcess, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    status, answered, said = ask(cloud, method, path, headers, body)
    assert status in {400, 403}
    assert not [name for name in answered if name.startswith("access-control-")]
    assert any(code in said for code in (b"AccessDenied", b"MissingAuthenticationToken"))


@pytest.mark.parametrize(
    "forged",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Host": "127.0.0.1"},
    ],
)
def test_a_web_page_gets_nothing_even_with_a_signature(cloud: CloudProcess, forged: dict[str, str]) -> None:
    """A page whose name leads to this machine has a Host of its own; any other page has an Origin."""
    sent = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.ListModels", **forged}
    url = f"http://{forged.get('Host', urlsplit(cloud.endpoint_url).netloc)}/"
    headers = cloud.key.signed("POST", url, service="sagemaker", headers=sent, body=b"{}")
    status, answered, said = ask(cloud, "POST", "/", headers, b"{}")
    assert (status, json.loads(said)["__type"]) == (403, "AccessDeniedException")
    assert not [name for name in answered if name.startswith("access-control-")]


def test_what_needs_no_signature_is_no_longer_than_a_custom_resources_answer_may_be(cloud: CloudProcess) -> None:
    path = "/_ministack/cfn-response/guess"
    assert ask(cloud, "PUT", path, {}, b"x" * 4097)[0] == 413
    assert ask(cloud, "PUT", path, {}, b"x" * 4096)[0] != 413


def test_no_answer_lets_a_page_read_it(cloud: CloudProcess) -> None:
    headers = cloud.key.signed(
        "GET", f"{cloud.endpoint_url}/", service="s3", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    )
    status, answered, _ = ask(cloud, "GET", "/", headers)
    assert status == 200
    assert not [name for name in answered if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("service", "call", "unknown", "mismatch"),
    [
        ("s3", "list_buckets", ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403)),
        ("iam", "list_roles", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)),
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)),
        ("sagemaker", "list_models", ("UnrecognizedClientException", 400), ("InvalidSignatureException", 400)),
        ("lambda", "list_functions", ("UnrecognizedClientException", 403), ("InvalidSignatureException", 403)),
        ("cloudwatch", "describe_alarms", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)),
    ],
)
def test_a_wrong_key_is_refused_as_the_service_does(
    cloud: CloudProcess, service: str, call: str, unknown: tuple[str, int], mismatch: tuple[str, int]
) -> None:
    strangers = {"AKIA": unknown, "test": unknown, "000000000000": unknown, cloud.key.id: mismatch}
    for id_, expected in strangers.items():
        assert refused(getattr(client(cloud, service, AccessKey(id_, "test")), call)) == expected


@pytest.mark.parametrize(
    ("service", "code"), [("s3", "RequestTimeTooSkewed"), ("sagemaker", "InvalidSignatureException")]
)
@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_request_of_another_time_is_refused(
    cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch, service: str, code: str, minutes: int
) -> None:
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
    call = {"s3": "list_buckets", "sagemaker": "list_models"}[service]
    assert refused(getattr(client(cloud, service, cloud.key), call))[0] == code


def test_nothing_signed_may_be_changed(cloud: CloudProcess) -> None:
    iam = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.DescribeModel"}
    body = b'{"ModelName": "a"}'
    headers = cloud.key.signed("POST", f"{cloud.endpoint_url}/", service="sagemaker", headers=iam, body=body)
    assert b"Could not find model" in ask(cloud, "POST", "/", headers, body)[2]
    for changed in (
        ("POST", "/", headers, b'{"ModelName": "b"}'),
        ("POST", "/?x=1", headers, body),
        ("POST", "/x", headers, body),
        ("PUT", "/", headers, body),
        ("POST", "/", {**headers, "X-Amz-Target": "SageMaker.DeleteModel"}, body),
        ("POST", "/", {**headers, "X-Amz-Security-Token": "x"}, body),
    ):
        assert b"InvalidSignatureException" in ask(cloud, *changed)[2]


def test_a_signature_that_leaves_the_host_out_is_refused(cloud: CloudProcess) -> None:
    class WithoutHost(SigV4Auth):  # type: ignore[misc]
        def headers_to_sign(self, request: Any) -> Any:
            found = super().headers_to_sign(request)
            del found["host"]
            return found

    request = AWSRequest(
        method="POST", url=f"{cloud.endpoint_url}/", data=b"{}", headers={"X-Amz-Target": "SageMaker.ListModels"}
    )
    WithoutHost(Credentials(cloud.key.id, cloud.key.secret), "sagemaker", "us-east-1").add_auth(request)
    assert b"host must be among the SignedHeaders" in ask(cloud, "POST", "/", dict(request.headers.items()), b"{}")[2]


def test_a_presigned_url_opens_what_it_names_until_it_expires(
    cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = client(cloud, "s3", cloud.key)
    s3.create_bucket(Bucket="presigned")
    s3.put_object(Bucket="presigned", Key="a b/ü", Body=b"content")
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "a b/ü"}))
    assert ask(cloud, "GET", f"{url.path}?{url.query}", {})[::2] == (200, b"content")
    assert ask(cloud, "GET", f"/presigned/other?{url.query}", {})[0] == 403
    assert ask(cloud, "PUT", f"{url.path}?{url.query}", {}, b"x")[0] == 403
    then = datetime.now(UTC) - timedelta(minutes=61)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
    old = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "a b/ü"}))
    assert b"Request has expired" in ask(cloud, "GET", f"{old.path}?{old.query}", {})[2]


def chunked(cloud: CloudProcess, path: str, chunks: list[bytes], *, tamper: bool = False) -> Answer:
    """An upload in signed chunks, as the Java and Go SDKs send it over plain HTTP."""
    size = sum(map(len, chunks))
    sent = {
        "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "X-Amz-Decoded-Content-Length": str(size),
        "Content-Encoding": "aws-chunked",
    }
    request = AWSRequest(method="PUT", url=f"{cloud.endpoint_url}{path}", headers=sent)
    signer = SigV4Auth(Credentials(cloud.key.id, cloud.key.secret), "s3", "us-east-1")
    signer.add_auth(request)
    signature, body = request.headers["Authorization"].rpartition("Signature=")[2], b""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for chunk in (*chunks, b""):
        parts = (signer.credential_scope(request), signature, empty, botocore.auth.sha256(chunk).hexdigest())
        text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", request.context["timestamp"], *parts))
        signature = signer.signature(text, request)
        shown = b"x" * len(chunk) if tamper else chunk
        body += f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + shown + b"\r\n"
    return ask(cloud, "PUT", path, dict(request.headers.items()), body)


def test_an_upload_in_signed_chunks_is_checked_chunk_by_chunk(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="chunked")
    assert chunked(cloud, "/chunked/good", [b"a" * 70_000, b"tail"])[0] == 200
    assert cloud("s3").get_object(Bucket="chunked", Key="good")["Body"].read() == b"a" * 70_000 + b"tail"
    status, _, said = chunked(cloud, "/chunked/bad", [b"abc"], tamper=True)
    assert (status, b"SignatureDoesNotMatch" in said) == (403, True)


def test_an_unsigned_payload_is_s3s_alone(cloud: CloudProcess) -> None:
    cloud("s3").create_bucket(Bucket="unsigned")
    sent = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    url = f"{cloud.endpoint_url}/unsigned/key"
    assert ask(cloud, "PUT", "/unsigned/key", cloud.key.signed("PUT", url, service="s3", headers=sent), b"x")[0] == 200
    sent |= {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    headers = cloud.key.signed("POST", f"{cloud.endpoint_url}/", service="sagemaker", headers=sent)
    assert b"InvalidSignatureException" in ask(cloud, "POST", "/", headers, b"{}")[2]


def test_a_session_needs_its_token_and_its_secret(cloud: CloudProcess) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    arn = cloud("iam").create_role(RoleName="visitor", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    taken = cloud("sts").assume_role(RoleArn=arn, RoleSessionName="visit")["Credentials"]
    key = AccessKey(taken["AccessKeyId"], taken["SecretAccessKey"])
    caller = client(cloud, "sts", key, taken["SessionToken"]).get_caller_identity()
    assert caller["Arn"].endswith(":assumed-role/visitor/visit")
    assert refused(client(cloud, "sagemaker", key).list_models)[0] == "UnrecognizedClientException"
    assert refused(client(cloud, "sagemaker", key, "x").list_models)[0] == "UnrecognizedClientException"
    forged = AccessKey(key.id, "x")
    assert (
        refused(client(cloud, "sagemaker", forged, taken["SessionToken"]).list_models)[0] == "InvalidSignatureException"
    )


def test_a_role_cannot_look_into_the_process_itself(cloud: CloudProcess) -> None:
    cloud("iam").create_user(UserName="eve")
    made = cloud("iam").create_access_key(UserName="eve")["AccessKey"]
    key = AccessKey(made["AccessKeyId"], made["SecretAccessKey"])
    assert client(cloud, "sts", key).get_caller_identity()["Arn"].endswith(":user/eve")
    for path in ("/_slipway/access", "/%5Fslipway/access", "/_slipway/hosts/evil:1", "/_ministack/reset"):
        headers = key.signed("POST", f"{cloud.endpoint_url}{path}", service="sagemaker")
        assert b"answers the key of the run alone" in ask(cloud, "POST", path, headers)[2]


def test_every_run_has_a_key_of_its_own(cloud: CloudProcess) -> None:
    assert AccessKey.random() != AccessKey.random()
    assert cloud.key.secret not in repr(cloud.key)
    assert not [path for path in cloud.workdir.rglob("*") if path.is_file() and _holds(path, cloud.key.secret)]


def _holds(path: Path, secret: str) -> bool:
    return secret.encode() in path.read_bytes()
