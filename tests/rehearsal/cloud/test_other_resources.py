"""Resource types beside SageMaker's that a stack may have."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.resources import RECORDED_ONLY
from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy, outputs, reasons, remove

ACCOUNT = "000000000000"


def budget(amount: float, **more: Any) -> dict[str, Any]:
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
    limit = {"Amount": amount, "Unit": "USD"}
    return {
        "Type": "AWS::Budgets::Budget",
        "Properties": {
            "Budget": {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit, **more},
            "NotificationsWithSubscribers": [
                {
                    "Notification": notification,
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "team@example.com"}],
                }
            ],
        },
    }


def test_a_budget_is_made_changed_and_removed(cloud: CloudProcess) -> None:
    client = cloud("budgets")

    def amounts() -> list[float]:
        found = client.describe_budgets(AccountId=ACCOUNT).get("Budgets", [])
        return [float(each["BudgetLimit"]["Amount"]) for each in found if "money" in each["BudgetName"]]

    name = outputs(deploy(cloud, "money", {"Budget": budget(100)}, Name={"Ref": "Budget"}))["Name"]
    assert amounts() == [100.0]
    reported = client.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=name)["Notifications"]
    assert [each["Threshold"] for each in reported] == [80]
    assert outputs(deploy(cloud, "money", {"Budget": budget(250)}, Name={"Ref": "Budget"}))["Name"] == name
    assert amounts() == [250.0]
    remove(cloud, "money")
    assert amounts() == []


def test_a_type_that_the_embedded_aws_lacks_makes_no_stack(cloud: CloudProcess) -> None:
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::RoboMaker::Robot\]"):
        deploy(cloud, "unknown", {"Robot": {"Type": "AWS::RoboMaker::Robot", "Properties": {}}})


def test_the_token_of_an_update_begins_no_second_one(cloud: CloudProcess) -> None:
    client = cloud("cloudformation")
    deploy(cloud, "topics", {"First": {"Type": "AWS::SNS::Topic"}})

    def update(token: str, *names: str) -> None:
        body = json.dumps({"Resources": {name: {"Type": "AWS::SNS::Topic"} for name in names}})
        client.update_stack(StackName="topics", TemplateBody=body, ClientRequestToken=token)
        eventually(lambda: client.describe_stacks(StackName="topics")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE")

    update("once", "First", "Second")
    with pytest.raises(ClientError) as caught:
        update("once", "First")
    assert caught.value.response["Error"]["Code"] == "TokenAlreadyExistsException"
    assert len(client.describe_stack_resources(StackName="topics")["StackResources"]) == 2
    update("again", "First")
    remove(cloud, "topics")


def test_an_identity_provider_is_made_and_removed(cloud: CloudProcess) -> None:
    provider = {
        "Type": "AWS::IAM::OIDCProvider",
        "Properties": {"Url": "https://token.actions.githubusercontent.com", "ClientIdList": ["sts.amazonaws.com"]},
    }
    arn = outputs(deploy(cloud, "github", {"Provider": provider}, Arn={"Fn::GetAtt": ["Provider", "Arn"]}))["Arn"]
    assert arn.endswith("oidc-provider/token.actions.githubusercontent.com")
    found = cloud("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    changed = {**provider, "Properties": {**provider["Properties"], "ClientIdList": ["a", "b"]}}  # type: ignore[dict-item]
    assert outputs(deploy(cloud, "github", {"Provider": changed}, Arn={"Ref": "Provider"}))["Arn"] == arn
    found = cloud("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["ClientIDList"] == ["a", "b"]
    remove(cloud, "github")
    assert cloud("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


RECORDED: dict[str, tuple[dict[str, Any], str, str]] = {
    "AWS::CodePipeline::Pipeline": ({"Name": "delivery"}, "delivery", "Version"),
    "AWS::CodeConnections::Connection": (
        {"ConnectionName": "github", "ProviderType": "GitHub"},
        "arn:aws:codeconnections:us-east-1:000000000000:connection/",
        "ConnectionStatus",
    ),
    "AWS::CodeStarConnections::Connection": (
        {"ConnectionName": "github", "ProviderType": "GitHub"},
        "arn:aws:codestar-connections:us-east-1:000000000000:connection/",
        "ConnectionStatus",
    ),
}


def test_every_recorded_type_is_tried() -> None:
    assert RECORDED.keys() == RECORDED_ONLY.keys()


@pytest.mark.parametrize("kind", sorted(RECORDED))
def test_a_recorded_resource_answers_ref_and_getatt_and_stays_itself(cloud: CloudProcess, kind: str) -> None:
    properties, reference, attribute = RECORDED[kind]
    name = f"recorded-{kind.split('::')[1]}"
    wanted = {"Ref": {"Ref": "Thing"}, "Attribute": {"Fn::GetAtt": ["Thing", attribute]}}
    first = outputs(deploy(cloud, name, {"Thing": {"Type": kind, "Properties": properties}}, **wanted))
    assert first["Ref"].startswith(reference)
    assert first["Attribute"] in ("1", "PENDING")
    tagged = {**properties, "Tags": [{"Key": "team", "Value": "web"}]}
    assert outputs(deploy(cloud, name, {"Thing": {"Type": kind, "Properties": tagged}}, **wanted)) == first
    remove(cloud, name)


def test_a_role_has_room_for_10240_characters_of_inline_policies(cloud: CloudProcess) -> None:
    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]}},
    }

    def policy(name: str, keys: int) -> dict[str, Any]:
        on = [f"arn:aws:s3:::lake/{at:080}/*" for at in range(keys)]
        allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": on}
        document = {"Version": "2012-10-17", "Statement": [allowed]}
        return {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": name, "Roles": [{"Ref": "Role"}], "PolicyDocument": document},
        }

    resources = {"Role": role, "First": policy("first", 50), "Second": policy("second", 40)}
    assert deploy(cloud, "reader", resources)["StackStatus"] == "CREATE_COMPLETE"
    resources["Second"] = policy("second", 60)
    assert deploy(cloud, "reader", resources)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Maximum policy size of 10240 bytes exceeded for role reader-Role-" in reasons(cloud, "reader")
    remove(cloud, "reader")
