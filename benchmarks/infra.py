"""Synth: the same bytes twice, its time beside three peers', and fifty use cases in one app.

The peers, in the same alternating rounds: an empty CDK app; one that has imported what ours imports, most of it the
classes of CDK's modules; and the resources of our finished templates handed to CDK as they are, without types, so that
no tag reaches them and no rule of cdk-nag sees them.

python -m benchmarks.infra [--json FILE] [--rounds 3]
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
_EMPTY = "import aws_cdk as cdk\napp = cdk.App()\ncdk.Stack(app, 'Empty')\napp.synth()\n"
_SAME_RESOURCES = """
import json, sys
from pathlib import Path
import aws_cdk as cdk

app = cdk.App()
for file in sorted(Path(sys.argv[1]).glob("*.template.json")):
    stack = cdk.Stack(app, file.name.partition(".")[0])
    for id_, resource in json.loads(file.read_text())["Resources"].items():
        cdk.CfnResource(stack, id_, type=resource["Type"], properties=resource.get("Properties"))
app.synth()
"""
_IMPORTS = f"import gc\ngc.disable()  # as ours does\nimport infra.stages\n{_EMPTY}"
_OURS = [sys.executable, str(PROJECT / "app.py")]
_USE_CASES = 50


def main() -> None:
    """Measure, print a table, and write the figures if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds; medians are printed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-infra-") as folder:
        figures = _measure(Path(folder), arguments.rounds)
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _measure(folder: Path, rounds: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {"ours": [], "empty": [], "imports": [], "same": []}
    hashes = set()
    for number in range(rounds):
        out = folder / f"ours-{number}"
        seconds["ours"].append(_synth(_OURS, out, config="config/shoppers.toml"))
        hashes.add(_templates_hash(out))
        for peer, code in (("empty", _EMPTY), ("imports", _IMPORTS), ("same", _SAME_RESOURCES)):
            command = [sys.executable, "-c", code, str(out)]
            seconds[peer].append(_synth(command, folder / f"{peer}-{number}"))
    few = _synth(_OURS, folder / "ten", config=str(_use_cases(folder, 10)))
    many = _synth(_OURS, folder / "fifty", config=str(_use_cases(folder, _USE_CASES)))
    ours, empty, imports, same = (statistics.median(each) for each in seconds.values())
    return {
        "synth_identical": len(hashes) == 1,
        "synth_seconds": round(ours, 2),
        "empty_synth_seconds": round(empty, 2),
        "imports_synth_seconds": round(imports, 2),
        "same_resources_synth_seconds": round(same, 2),
        "synth_ratio": round(ours / empty, 2),
        "imports_ratio": round(imports / empty, 2),
        "use_cases_10_seconds": round(few, 2),
        "use_cases_50_seconds": round(many, 2),
        "seconds_a_further_use_case": round((many - few) / (_USE_CASES - 10), 3),
        "others_identical_after_a_change": _others_identical(folder),
        **_unexplained(folder),
    }


def _unexplained(folder: Path) -> dict[str, int]:
    """Findings of cdk-nag, cfn-lint and our own rules that no reason answers."""
    figures = folder / "review.json"
    command = [sys.executable, "-m", "infra.review", "--stage", "prod", "--json", str(figures)]
    subprocess.run(command, cwd=PROJECT, check=False, capture_output=True)
    found: dict[str, int] = json.loads(figures.read_text(encoding="utf-8"))
    return found


def _synth(command: list[str], out: Path, *, config: str | None = None) -> float:
    """Seconds of one synth, validation left out, as in the inner loop."""
    context = json.loads((PROJECT / "cdk.json").read_text(encoding="utf-8"))["context"]
    context["aws:cdk:disable-creation-stack-traces"] = True  # as in `app.py`, and so for the peers
    if config:
        context["config"] = config
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "CDK_OUTDIR": str(out),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_VALIDATION": "false",
        "PYTHONPATH": str(PROJECT),
    }
    started = time.perf_counter()
    subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def _templates_hash(out: Path) -> str:
    found = {path.name: path.read_bytes() for path in sorted(out.glob("*.json")) if path.name != "tree.json"}
    return hashlib.sha256(b"\0".join(name.encode() + body for name, body in found.items())).hexdigest()


def _use_cases(folder: Path, count: int) -> Path:
    """A folder of settings that differ in their name and in one value."""
    made = folder / f"config-{count}"
    made.mkdir()
    text = (PROJECT / "config" / "shoppers.toml").read_text(encoding="utf-8")
    for number in range(count):
        own = text.replace('name = "shoppers"', f'name = "case-{number}"', 1).replace(
            "threshold = 0.88", f"threshold = 0.{500 + number}", 1
        )
        (made / f"case-{number:02}.toml").write_text(own, encoding="utf-8")
    return made


def _others_identical(folder: Path) -> bool:
    """Whether a change of one use case leaves every template of the others as it was."""
    config = folder / "config-10"
    changed = config / "case-03.toml"
    text = changed.read_text(encoding="utf-8").replace("max_jobs = 12", "max_jobs = 13", 1)
    changed.write_text(text, encoding="utf-8")
    _synth(_OURS, folder / "changed", config=str(config))
    before = {p.name: p.read_bytes() for p in (folder / "ten").glob("*.template.json")}
    after = {p.name: p.read_bytes() for p in (folder / "changed").glob("*.template.json")}
    differing = {name for name in before if before[name] != after[name]}
    own = {name for name in differing if name.startswith("case-3-")}  # its dashboard has what a run costs
    return before.keys() == after.keys() and differing == own and "case-3-dev-training.template.json" in own


if __name__ == "__main__":
    main()
