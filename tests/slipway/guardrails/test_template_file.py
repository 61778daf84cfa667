"""Templates as people write them: JSON and YAML say the same."""

import json
from pathlib import Path

import pytest

from slipway.errors import InputError
from slipway.guardrails.template_file import read_template

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Two: !Equals [!Ref Stage, prod]
  Both: !And [!Condition Two, !Not [!Equals [a, b]]]
Resources:
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointName: !Sub "${AWS::StackName}-shop"
      EndpointConfigName: !GetAtt Config.EndpointConfigName
      Arn: !GetAtt [Config, Nested.Arn]
      Text: !Sub ["${a}", {a: !Ref Stage}]
      Zone: !Select [0, !GetAZs ""]
      Shared: !ImportValue shared
      Inline: !Transform {Name: AWS::Include, Parameters: {Location: s3://b/k}}
      Count: !If [Two, 2, !Ref AWS::NoValue]
"""


def test_the_short_forms_of_functions_are_what_cloudformations_own_linter_reads(tmp_path: Path) -> None:
    from cfnlint.decode import cfn_yaml  # noqa: PLC0415 -- half a second of modules

    file = tmp_path / "shop.yaml"
    file.write_text(YAML)
    assert read_template(file) == json.loads(json.dumps(cfn_yaml.load(str(file)), default=str))


def test_json_is_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    file = tmp_path / "shop.template"
    file.write_text('\ufeff{"Resources": {}}')
    assert read_template(file) == {"Resources": {}}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", "{", "template must be JSON, got"),
        ("a.yaml", "a: [", "template must be YAML, got"),
        ("a.yaml", "a: !!python/object/apply:os.getcwd []", "template must be YAML, got"),
        ("a.yml", "- a", "template must be a YAML object, got"),
        ("a.json", "[]", "template must be a JSON object, got"),
        ("none.json", None, "template must be a readable file, got"),
    ],
)
def test_what_is_no_template_is_refused_in_one_line(name: str, text: str | None, expected: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=f"^{expected} [^\n]*$"):
        read_template(tmp_path / name)
