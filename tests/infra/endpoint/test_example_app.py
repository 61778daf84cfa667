"""The example of guarded endpoints in a CDK app of one's own, synthesized as the CDK CLI does it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.review.explained import EXPLAINED
from infra.review.template_finding import unexplained
from infra.review.templates import cfn_lint_findings, own_findings
from slipway.guardrails import from_template, lint

PROJECT = Path(__file__).resolve().parents[3]
EXAMPLE = PROJECT / "examples" / "guarded_endpoint"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cdk.out")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "CDK_OUTDIR": str(out),
        "CDK_VALIDATION": "false",  # takes seconds, and cfn-lint finds as much
        "CDK_CONTEXT_JSON": json.dumps(json.loads((EXAMPLE / "cdk.json").read_text())["context"]),
    }
    argv = [sys.executable, "app.py"]
    ended = subprocess.run(argv, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return out / "acme-models.template.json"


@pytest.fixture(scope="module")
def template(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def of(template: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == type_]


def test_it_holds_two_endpoints_of_which_one_was_given_a_name(template: dict[str, Any]) -> None:
    made, given = (endpoint["EndpointName"] for endpoint in of(template, "AWS::SageMaker::Endpoint"))
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", made)
    assert "Fraud" in made
    assert given == "ranking"


def test_its_deployments_have_no_error_in_slipways_own_rules(template: dict[str, Any]) -> None:
    planned = from_template(template)
    assert [each.deployment is not None for each in planned] == [True, True]
    assert [finding for each in planned for finding in lint(each) if finding.severity == "error"] == []


def test_cfn_lint_and_the_review_find_nothing_that_is_not_explained(file: Path) -> None:
    assert unexplained([*cfn_lint_findings(file), *own_findings(file)], EXPLAINED) == []


def test_each_endpoint_reads_its_own_model_alone(template: dict[str, Any]) -> None:
    policies = {json.dumps(policy["Roles"]): json.dumps(policy) for policy in of(template, "AWS::IAM::Policy")}
    (fraud,) = (policy for role, policy in policies.items() if "FraudRole" in role)
    assert "fraud/7/model.tar.gz" in fraud
    assert "ranking/31/model.tar.gz" not in fraud
