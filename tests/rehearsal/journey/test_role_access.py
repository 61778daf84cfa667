"""What the rehearsal reports about its roles."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from rehearsal.access_key import AccessKey
from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.role_access import RoleAccess, recorded_access, role_access_lines

FOUND = {
    "training": {"calls": 12, "missing": [], "unused": ["s3:PutObject on b"], "unread": []},
    "endpoint": {"calls": 3, "missing": ["kms:Decrypt on k: not allowed"], "unused": [], "unread": ["GET /x"]},
    "starter": {"calls": 0, "missing": [], "unused": ["sagemaker:StartPipelineExecution on p"], "unread": []},
}


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert self.path == "/_slipway/access"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(FOUND).encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield EmbeddedAws(f"http://127.0.0.1:{server.server_port}", AccessKey.random())
        server.shutdown()
        thread.join()


def test_every_role_is_read_by_name(aws: EmbeddedAws) -> None:
    rows = recorded_access(aws)
    assert [row.role for row in rows] == ["endpoint", "starter", "training"]
    assert {row.role: row.row() for row in rows} == FOUND


def test_missing_permissions_are_listed_one_by_one(aws: EmbeddedAws) -> None:
    assert role_access_lines(recorded_access(aws)) == [
        "15 calls by 2 of 3 roles, 1 without permission; 1 permissions were not used",
        "endpoint: kms:Decrypt on k: not allowed",
        "endpoint: not evaluated: GET /x",
    ]


def test_roles_that_lack_nothing_take_one_line() -> None:
    rows = [RoleAccess("training", 12, (), (), ())]
    assert role_access_lines(rows) == ["12 calls by 1 of 1 roles, 0 without permission; 0 permissions were not used"]
