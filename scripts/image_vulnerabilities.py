"""Known vulnerabilities of an image's packages, by its bill of materials; names each source that was not available.

python -m scripts.image_vulnerabilities IMAGE [--osv URL] [--bom FILE] [--json FILE]
Sources are OSV (osv.dev: PyPI's and Debian's advisories) and, in the image, apt: which installed packages have a newer
version in Debian's archive. The status says how complete the list is, whatever is in it:
  0  every kind of package was checked
  3  none was, for no source was available
  4  some kind was not; the last lines name it
Where a list is incomplete, ECR's scan on push remains.
"""

import argparse
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.image_bom import document

_OSV = "https://api.osv.dev"
_BATCH = 500
_SECONDS = 30
_KINDS = {"pypi": "Python packages", "deb": "Debian packages", "generic": "programs that are no packages"}
_WHOLE, _NONE, _PARTLY = 0, 3, 4
_UPGRADE = re.compile(r"^Inst (\S+) \[([^\]]+)\] \((\S+) (\S+)")


@dataclass(frozen=True)
class ImageFinding:
    component: str
    version: str
    what: str
    """Identifiers of advisories, or the version that Debian has by now."""


@dataclass(frozen=True)
class Source:
    name: str
    available: bool
    detail: str
    covers: tuple[str, ...]
    """Kinds of package URLs that it has advisories for."""


def query_osv(
    url: str, components: Sequence[dict[str, Any]], *, batch_size: int = _BATCH
) -> tuple[Source, list[ImageFinding]]:
    """All advisories OSV has for the components' package URLs."""
    covers = ("pypi", "deb")
    known = [c for c in components if _kind(c) in covers]
    found: list[ImageFinding] = []
    try:
        for start in range(0, len(known), batch_size):
            batch = known[start : start + batch_size]
            responses = _post(f"{url}/v1/querybatch", {"queries": [{"package": {"purl": c["purl"]}} for c in batch]})
            for component, response in zip(batch, responses["results"], strict=True):
                if ids := sorted(v["id"] for v in response.get("vulns", ())):
                    found.append(ImageFinding(component["name"], component["version"], ", ".join(ids)))
    except (OSError, ValueError, KeyError) as exc:
        return Source("OSV", available=False, detail=f"{url} is not available: {exc}", covers=covers), []
    return Source("OSV", available=True, detail=f"{len(known)} packages checked", covers=covers), found


def _kind(component: Mapping[str, Any]) -> str:
    return str(component["purl"]).removeprefix("pkg:").partition("/")[0]


def _post(url: str, body: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 -- the user's own --osv
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
        return json.load(response)


def query_apt(image: str) -> tuple[Source, list[ImageFinding]]:
    """Which packages of the image are behind Debian's archive, security suite included."""
    # Without the option, an archive that cannot be reached is no error to apt.
    command = "apt-get -qq -o APT::Update::Error-Mode=any update >/dev/null && apt-get -s upgrade"
    argv = ("docker", "run", "--rm", "--pull", "never", "--network", "host", "--user", "0", "--entrypoint", "sh")
    done = subprocess.run((*argv, image, "-ec", command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Source(
            "apt", available=False, detail=f"Debian's archive is not available: {reason}", covers=("deb",)
        ), []
    detail = "installed versions against Debian's archive"
    return Source("apt", available=True, detail=detail, covers=("deb",)), behind(done.stdout)


def behind(simulation: str) -> list[ImageFinding]:
    """The packages that `apt-get -s upgrade` would replace."""
    found = (_UPGRADE.match(line) for line in simulation.splitlines())
    return [ImageFinding(m[1], m[2], f"{m[3]} in {m[4].rstrip(',')}") for m in found if m]


def unchecked(components: Iterable[Mapping[str, Any]], sources: Sequence[Source]) -> dict[str, int]:
    """How many components no source covers, by kind: the list has none of their vulnerabilities."""
    covered = {kind for source in sources if source.available for kind in source.covers}
    return dict(Counter(kind for component in components if (kind := _kind(component)) not in covered))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.image_vulnerabilities")
    parser.add_argument("image")
    parser.add_argument("--osv", default=_OSV, metavar="URL", help="(default: %(default)s)")
    parser.add_argument(
        "--bom", type=Path, metavar="FILE", help="the image's bill of materials, if it is there already"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the listing for machines")
    given = parser.parse_args(argv)
    bom = json.loads(given.bom.read_text(encoding="utf-8")) if given.bom else document(given.image)
    results = [query_osv(given.osv, bom["components"]), query_apt(given.image)]
    sources = [source for source, _ in results]
    missing = unchecked(bom["components"], sources)
    for source, found in results:
        count_found = f"{len(found)} found" if source.available else "NOT CHECKED"
        sys.stdout.write(f"{source.name}: {count_found}, {source.detail}\n")
        sys.stdout.writelines(f"  {finding.component} {finding.version}: {finding.what}\n" for finding in found)
    for kind, count in missing.items():
        sys.stdout.write(
            f"this list has nothing about the {count} {_KINDS.get(kind, kind)}: no source for them was available\n"
        )
    if given.json:
        listing = {
            "image": given.image,
            "sources": [asdict(source) for source in sources],
            "unchecked": missing,
            "findings": [asdict(finding) for _, found in results for finding in found],
        }
        given.json.write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")
    if not any(source.available for source in sources):
        return _NONE
    return _PARTLY if missing else _WHOLE


if __name__ == "__main__":
    sys.exit(main())
