"""The listings of an image: differences of two trees, known vulnerabilities, and sources that were not available."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.process import free_port
from scripts import image_vulnerabilities
from scripts.compare_images import differences
from scripts.image_vulnerabilities import ImageFinding, Source, behind, query_osv, unchecked

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
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            assert self.path == "/v1/querybatch"
            answers = []
            for query in queries:
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
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("batch_size", [2, 500])
def test_advisories_are_listed_by_package_whatever_the_batch(batch_size: int, osv: str) -> None:
    source, found = query_osv(osv, COMPONENTS, batch_size=batch_size)
    assert source == Source("OSV", available=True, detail="3 packages checked", covers=("pypi", "deb"))
    assert found == [ImageFinding("jinja2", "2.4.1", "GHSA-1, PYSEC-2"), ImageFinding("openssl", "3.0.1", "DSA-9")]


def test_an_unavailable_source_is_distinguished_from_one_that_found_nothing() -> None:
    source, found = query_osv(f"http://127.0.0.1:{free_port()}", COMPONENTS)
    assert (source.available, found) == (False, [])
    assert "is not available" in source.detail


@pytest.fixture
def sources(osv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Say which of the two is available; apt by a program called docker, OSV by the URL that is given back."""
    answer = osv

    def made(*, osv: bool, apt: bool) -> str:
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir()
        upgrade = "Inst libssl3 [3.0.11-1] (3.0.15-1 Debian-Security:12 [amd64])"
        program.write_text(f"#!/bin/sh\n{f'echo {upgrade!r}' if apt else 'echo no route >&2; exit 100'}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        return answer if osv else f"http://127.0.0.1:{free_port()}"

    return made


def test_packages_behind_debians_archive_are_listed_with_the_newer_version() -> None:
    simulated = """\
NOTE: This is only a simulation!
Inst libssl3 [3.0.11-1] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
"""
    assert behind(simulated) == [
        ImageFinding("libssl3", "3.0.11-1", "3.0.15-1~deb12u1 in Debian-Security:12/stable-security")
    ]


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ((True, True), {"generic": 1}),
        ((True, False), {"generic": 1}),
        ((False, True), {"pypi": 2, "generic": 1}),
        ((False, False), {"pypi": 2, "generic": 1, "deb": 1}),
    ],
)
def test_the_listing_says_which_sources_were_available_and_what_none_covers(
    answers: tuple[bool, bool],
    missing: dict[str, int],
    tmp_path: Path,
    sources: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = sources(osv=answers[0], apt=answers[1])
    assert listed(tmp_path, COMPONENTS, "--osv", url) == (4 if any(answers) else 3)
    out = capsys.readouterr().out
    for name, available in zip(("OSV", "apt"), answers, strict=True):
        assert (f"{name}: NOT CHECKED, " in out) != available
    assert ("this list has nothing about the 2 Python packages" in out) == (not answers[0])
    listing = json.loads((tmp_path / "listing.json").read_text())
    assert [source["available"] for source in listing["sources"]] == list(answers)
    assert (listing["unchecked"], len(listing["findings"])) == (missing, 2 * answers[0] + answers[1])


def test_a_list_is_whole_when_every_kind_of_package_was_checked(
    tmp_path: Path, sources: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    url = sources(osv=True, apt=False)
    packages = [component for component in COMPONENTS if component["name"] != "python"]
    assert listed(tmp_path, packages, "--osv", url) == 0
    assert "says nothing" not in capsys.readouterr().out
    assert unchecked(packages, [Source("apt", available=False, detail="", covers=("deb",))]) == {"pypi": 2, "deb": 1}


def listed(folder: Path, components: list[dict[str, str]], *more: str) -> int:
    (folder / "bom.json").write_text(json.dumps({"components": components}))
    argv = ["steps:1", "--bom", str(folder / "bom.json"), "--json", str(folder / "listing.json"), *more]
    return image_vulnerabilities.main(argv)


def test_trees_differ_where_a_path_is_missing_or_has_another_mode_or_content() -> None:
    first = {"same": "0 644 0:0  aa", "mode": "0 644 0:0  aa", "only": "5 755 0:0"}
    second = {"same": "0 644 0:0  aa", "mode": "0 600 0:0  aa"}
    assert differences(first, second) == ["mode: 0 644 0:0  aa | 0 600 0:0  aa", "only: 5 755 0:0 | absent"]
    assert differences(first, first) == []
