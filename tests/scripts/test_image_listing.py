"""The listings of an image: what two trees differ in, and what is known to be vulnerable or could not be asked."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.process import free_port
from scripts import image_vulnerabilities
from scripts.compare_images import differences
from scripts.image_vulnerabilities import Finding, Source, ask_osv, behind

COMPONENTS = [
    {"name": "jinja2", "version": "2.4.1", "purl": "pkg:pypi/jinja2@2.4.1"},
    {"name": "python", "version": "3.11.2", "purl": "pkg:generic/python@3.11.2"},
    {"name": "openssl", "version": "3.0.1", "purl": "pkg:deb/debian/openssl@3.0.1?arch=amd64&distro=debian-12"},
    {"name": "numpy", "version": "2.4.6", "purl": "pkg:pypi/numpy@2.4.6"},
]
KNOWN = {"jinja2": ["PYSEC-2", "GHSA-1"], "openssl": ["DSA-9"]}


@pytest.fixture
def osv() -> Iterator[str]:
    """OSV's batch query, as its documentation has it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            assert self.path == "/v1/querybatch"
            answers = []
            for query in asked:
                name = query["package"]["purl"].rpartition("@")[0].rpartition("/")[2]
                answers.append({"vulns": [{"id": id_} for id_ in KNOWN[name]]} if name in KNOWN else {})
            body = json.dumps({"results": answers}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_advisories_are_listed_by_package_whatever_the_batch(osv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_vulnerabilities, "_BATCH", 2)
    source, found = ask_osv(osv, COMPONENTS)
    assert source == Source("OSV", answered=True, told="3 packages asked")
    assert found == [Finding("jinja2", "2.4.1", "GHSA-1, PYSEC-2"), Finding("openssl", "3.0.1", "DSA-9")]


def test_a_source_that_cannot_be_asked_is_told_apart_from_one_that_found_nothing() -> None:
    source, found = ask_osv(f"http://127.0.0.1:{free_port()}", COMPONENTS)
    assert (source.answered, found) == (False, [])
    assert "cannot be asked" in source.told


def test_packages_behind_debians_archive_are_listed_with_the_newer_version() -> None:
    simulated = """\
NOTE: This is only a simulation!
Inst libssl3 [3.0.11-1] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
"""
    assert behind(simulated) == [
        Finding("libssl3", "3.0.11-1", "3.0.15-1~deb12u1 in Debian-Security:12/stable-security")
    ]


@pytest.mark.parametrize(("answers", "code"), [((True, False), 0), ((False, False), 3)])
def test_the_listing_says_which_sources_answered(
    answers: tuple[bool, bool],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "bom.json").write_text('{"components": []}')
    found = [Finding("a", "1", "GHSA-1")] if answers[0] else []
    osv = (Source("OSV", answered=answers[0], told="t"), found)
    apt = (Source("apt", answered=answers[1], told="unreachable"), [])
    monkeypatch.setattr(image_vulnerabilities, "ask_osv", lambda _url, _components: osv)
    monkeypatch.setattr(image_vulnerabilities, "ask_apt", lambda _image: apt)
    out = tmp_path / "listing.json"
    argv = ["steps:1", "--bom", str(tmp_path / "bom.json"), "--json", str(out)]
    assert image_vulnerabilities.main(argv) == code
    assert "apt: NOT CHECKED, unreachable" in capsys.readouterr().out
    listing = json.loads(out.read_text())
    assert [source["answered"] for source in listing["sources"]] == list(answers)
    assert len(listing["findings"]) == len(found)


def test_trees_differ_where_a_path_is_missing_or_has_another_mode_or_content() -> None:
    first = {"same": "0 644 0:0  aa", "mode": "0 644 0:0  aa", "only": "5 755 0:0"}
    second = {"same": "0 644 0:0  aa", "mode": "0 600 0:0  aa"}
    assert differences(first, second) == ["mode: 0 644 0:0  aa | 0 600 0:0  aa", "only: 5 755 0:0 | absent"]
    assert differences(first, first) == []
