"""The software bill of materials of an image, as CycloneDX 1.5 JSON: Debian's packages, Python, and its distributions.

python -m scripts.image_bom IMAGE > bom.json; the same image gives the same document.
"""

import email
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from email.message import Message
from typing import Any
from urllib.parse import quote

from scripts.image_files import image_files

_DPKG_STATUS = "var/lib/dpkg/status"
_OS_RELEASE = "usr/lib/os-release"
_METADATA = re.compile(r"(^|/)(?:site|dist)-packages/[^/]+\.dist-info/METADATA$")
_PATCHLEVEL = re.compile(r"^usr/local/include/python3[^/]*/patchlevel\.h$")
"""The header with the version of a Python that is no Debian package."""

Component = dict[str, Any]


def components(image: str) -> list[Component]:
    """What is installed in the image, sorted."""
    found: list[Component] = []
    distribution, packages = "debian", ""
    for entry, content in image_files(image):
        if content is None:
            continue
        if entry.name == _OS_RELEASE:
            distribution = _release(content.read().decode())
        elif entry.name == _DPKG_STATUS:
            packages = content.read().decode()
        elif _METADATA.search(entry.name):
            found.append(_distribution(email.message_from_bytes(content.read())))
        elif _PATCHLEVEL.match(entry.name):
            found += _interpreter(content.read().decode())
    found += _debian_packages(packages, distribution)
    return sorted(found, key=lambda component: str(component["bom-ref"]))


def _release(text: str) -> str:
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return f"{values.get('ID', 'debian')}-{values.get('VERSION_ID', '')}".replace('"', "").rstrip("-")


def _distribution(metadata: Message) -> Component:
    name, version = str(metadata["Name"]), str(metadata["Version"])
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{quote(version)}"
    return _component(name, version, purl, _license(metadata))


def _license(metadata: Message) -> str:
    if expression := metadata["License-Expression"]:
        return str(expression)
    classified = [str(c) for c in metadata.get_all("Classifier", []) if str(c).startswith("License ::")]
    if classified:
        return classified[0].rpartition(" :: ")[2]
    return str(metadata["License"] or "").strip().partition("\n")[0]


def _interpreter(patchlevel: str) -> list[Component]:
    version = re.search(r'#define PY_VERSION\s+"([^"]+)"', patchlevel)
    return [_component("python", version[1], f"pkg:generic/python@{version[1]}", "PSF-2.0")] if version else []


def _debian_packages(status: str, distribution: str) -> Iterator[Component]:
    for paragraph in status.split("\n\n"):
        fields = email.message_from_string(paragraph)
        if fields["Package"] and "installed" in str(fields["Status"]).split():
            name, version = str(fields["Package"]), str(fields["Version"])
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={fields['Architecture']}&distro={distribution}"
            yield _component(name, version, purl, "")


def _component(name: str, version: str, purl: str, license_name: str) -> Component:
    made: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return {**made, "licenses": [{"license": {"name": license_name}}]} if license_name else made


def document(image: str) -> dict[str, Any]:
    """The bill of materials."""
    form = "{{.Id}}"
    digest = subprocess.check_output(("docker", "image", "inspect", "--format", form, image), text=True).strip()
    name, _, tag = image.rpartition(":")
    subject = {"type": "container", "bom-ref": image, "name": name or image, "version": tag if name else digest}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": {**subject, "properties": [{"name": "docker:image-id", "value": digest}]}},
        "components": components(image),
    }


def main(argv: Sequence[str]) -> int:
    if len(argv) != 1:
        sys.stderr.write("usage: python -m scripts.image_bom IMAGE\n")
        return 2
    json.dump(document(argv[0]), sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
