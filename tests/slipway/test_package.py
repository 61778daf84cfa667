"""`pip install slipway`: what the wheel holds, and that its commands work with what it declares and nothing else.

The wheel is built and installed for real. Its dependencies are the project's own, of which the new environment sees
only what the wheel's metadata asks for, so that no network is needed.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[2]
UV = str(Path(sys.executable).with_name("uv"))
ACCOUNT = (
    ["train"],
    ["models"],
    ["rollout", "status"],
    ["quotas"],
    ["smoke"],
    ["monitor"],
    ["destroy"],
    ["cost", "--last-run"],
)
FOREIGN = {
    "Resources": {
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"ProductionVariants": [{"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1}]},
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
        },
    }
}
FOREIGN_YAML = """
Resources:
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants: [{VariantName: a, ModelName: m, InitialInstanceCount: 1}]
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties: {EndpointConfigName: !GetAtt Config.EndpointConfigName}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, for setuptools writes beside what it reads."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    for name in ("slipway", "rehearsal"):
        shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [UV, "build", "--wheel", "--offline", "--quiet", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*build, "--out-dir", built, source], check=True, timeout=120)
    (file,) = built.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `slipway` of an environment with the wheel and what it declares."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([UV, "venv", "--quiet", "--offline", "--python", sys.executable, folder], check=True, timeout=60)
    install = [UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(folder), str(wheel)]
    subprocess.run(install, check=True, timeout=60)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in closure({"lint"}, wheel):
        link(name, packages)
    return folder / "bin" / "slipway"


def closure(extras: set[str], wheel: Path) -> set[str]:
    """Every distribution that the wheel with `extras` needs, by what their metadata says."""
    found: set[str] = set()
    waiting = list(needs_of_wheel(wheel, extras))
    while waiting:
        requirement = waiting.pop()
        if requirement.name not in found:
            found.add(requirement.name)
            waiting += needs(distribution(requirement.name).requires or [], requirement.extras)
    return found


def needs_of_wheel(wheel: Path, extras: set[str]) -> Iterator[Requirement]:
    yield from needs([line.removeprefix("Requires-Dist: ") for line in metadata(wheel, "Requires-Dist")], extras)


def needs(requirements: list[str], extras: set[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def metadata(wheel: Path, field: str) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        head = archive.read(name).decode().split("\n\n")[0]
    return [line for line in head.splitlines() if line.startswith(f"{field}: ")]


def link(name: str, packages: Path) -> None:
    files = distribution(name).files or []
    for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
        (packages / top).symlink_to(Path(str(distribution(name).locate_file(top))))


def call(program: Path, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run it in another folder, with no variable of ours, and no AWS."""
    alone = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    words = [str(program), *arguments]
    return subprocess.run(words, cwd=folder, env=alone, capture_output=True, text=True, check=False, timeout=120)


EACH = """
import contextlib, io, json, sys
from slipway.cli.main import main
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def call_each(program: Path, commands: list[list[str]], folder: Path) -> list[tuple[int, str, str]]:
    """Exit code and output of several commands, in one process of the environment."""
    done = call(program.with_name("python"), "-c", EACH, json.dumps(commands), folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return [(code, out, err) for code, out, err in map(json.loads, done.stdout.splitlines())]


def test_the_wheel_holds_the_product_alone_with_its_types_its_prices_and_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("slipway-")[2].partition("/")[2] or name for name in archive.namelist()}
    assert {name.partition("/")[0] for name in names if name.endswith(".py")} == {"slipway"}
    assert {"slipway/py.typed", "slipway/costs/prices.toml", "slipway/cli/main.py", "licenses/LICENSE"} <= names


def test_every_package_that_the_product_imports_is_declared(wheel: Path) -> None:
    declared = {requirement.name for requirement in needs_of_wheel(wheel, {"lint", "mlflow"})}
    declared |= {"botocore", "pydantic_core"}  # boto3 and pydantic pin them, and their errors are from there
    imported: set[str] = set()
    for file in (PROJECT / "slipway").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    others = imported - sys.stdlib_module_names - {"slipway"}
    homes = packages_distributions() | {"mlflow": ["mlflow-skinny"]}  # which also the whole of MLflow brings
    assert {homes[name][0].lower() for name in others} == declared


def test_templates_of_others_are_linted_without_a_use_case(program: Path, tmp_path: Path) -> None:
    (tmp_path / "shop.template.json").write_text(json.dumps(FOREIGN))
    (tmp_path / "shop.yaml").write_text(FOREIGN_YAML)
    commands = [["lint", name, "--json"] for name in ("shop.template.json", "shop.yaml")]
    for code, out, err in call_each(program, commands, tmp_path):
        assert (code, err) == (1, "")
        assert any(finding["severity"] == "error" for finding in json.loads(out))


def test_what_needs_no_account_works(program: Path, tmp_path: Path) -> None:
    shutil.copy(PROJECT / "config" / "shoppers.toml", tmp_path / "mine.toml")
    simulate = ["simulate", "--requests-per-second", "20", "--rollouts", "20", "--json"]
    commands = [[*words, "--config", "mine.toml"] for words in (["lint"], ["cost"], simulate)]
    for code, out, err in call_each(program, commands, tmp_path):
        assert (code, err) == (0, "")
        assert out


def test_what_needs_an_account_asks_for_its_credentials(program: Path, tmp_path: Path) -> None:
    shutil.copy(PROJECT / "config" / "shoppers.toml", tmp_path / "mine.toml")
    done = call_each(program, [[*words, "--config", "mine.toml"] for words in ACCOUNT], tmp_path)
    assert len(done) == len(ACCOUNT)
    for code, _, err in done:
        assert code == 1
        (line,) = err.splitlines()
        assert line.startswith("slipway: ")
        assert "credentials" in line


def test_what_needs_the_repository_says_so_in_one_line(program: Path, tmp_path: Path) -> None:
    commands = [["rehearse", "--plain"], ["push-rehearsal", "--plain"]]
    for words, (code, out, err) in zip(commands, call_each(program, commands, tmp_path), strict=True):
        assert (code, out) == (2, "")
        (line,) = err.splitlines()
        assert line.startswith(f"slipway: {words[0]} needs a clone of Slipway's repository")


def test_the_version_and_the_list_of_commands_are_those_of_the_package(program: Path, tmp_path: Path) -> None:
    assert call(program, "--version", folder=tmp_path).stdout == f"slipway {distribution('slipway').version}\n"
    listed = call(program, "--help", folder=tmp_path).stdout
    assert all(f"    {words[0]} " in listed for words in ACCOUNT)
