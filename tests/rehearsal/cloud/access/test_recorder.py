"""What roles do in the embedded AWS, distinguished by who they are and held against their policies."""

import io
import json
import time
import zipfile
from typing import Any

import boto3
import pytest

from tests.rehearsal.cloud.process import REPOSITORY, CloudProcess, eventually
from tests.rehearsal.cloud.stacks import deploy, outputs

CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
REPOSITORY_ARN = f"arn:aws:ecr:us-east-1:000000000000:repository/{REPOSITORY}"


def access(cloud: CloudProcess) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(cloud.fetch("GET", "/_slipway/access"))
    return found


def role(cloud: CloudProcess, name: str, *allowed: tuple[list[str], str]) -> str:
    """A new role with such permissions."""
    statements = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in allowed]
    trust = {"Version": "2012-10-17", "Statement": []}
    made = cloud("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    cloud("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    arn: str = made["Role"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def store(cloud: CloudProcess) -> dict[str, str]:
    """A bucket under a key, both of one stack."""
    key = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}}
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    encryption = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}}
    references = {"Bucket": {"Ref": "Bucket"}, "KeyArn": {"Fn::GetAtt": ["Key", "Arn"]}}
    made = outputs(deploy(cloud, "store", {"Key": key, "Bucket": bucket}, **references))
    cloud("s3").put_object(Bucket=made["Bucket"], Key="data/table.csv", Body=b"a,b\n1,2\n")
    return made


def process(cloud: CloudProcess, image: str, name: str, role_arn: str, bucket: str, **more: Any) -> None:
    root = "/opt/ml/processing"
    given = {"S3Uri": f"s3://{bucket}/data/", "LocalPath": f"{root}/input/data", "S3DataType": "S3Prefix"}
    made = {"S3Uri": f"s3://{bucket}/copy", "LocalPath": f"{root}/output/copy", "S3UploadMode": "EndOfJob"}
    sagemaker = cloud("sagemaker")
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=role_arn,
        AppSpecification={"ImageUri": image, "ContainerArguments": ["prepare", "0.5"]},
        ProcessingResources={"ClusterConfig": CLUSTER},
        ProcessingInputs=[{"InputName": "data", "S3Input": {**given, "S3InputMode": "File"}}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "copy", "S3Output": made}]},
        **more,
    )
    job = eventually(
        lambda: (
            (found := sagemaker.describe_processing_job(ProcessingJobName=name))["ProcessingJobStatus"]
            not in ("InProgress", "Stopping")
            and found
        )
    )
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_jobs_transfers_and_what_sagemaker_does_for_it_count_for_its_role(
    cloud: CloudProcess, image: str, store: dict[str, str]
) -> None:
    bucket, logs = store["Bucket"], "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/ProcessingJobs*"
    arn = role(
        cloud,
        "whole",
        (["s3:ListBucket"], f"arn:aws:s3:::{bucket}"),
        (["s3:GetObject"], f"arn:aws:s3:::{bucket}/data/*"),
        (["s3:PutObject"], f"arn:aws:s3:::{bucket}/copy/*"),
        (["kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"], store["KeyArn"]),
        (["ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"], "*"),
        (["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"], REPOSITORY_ARN),
        (["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], logs),
    )
    process(cloud, image, "access-whole", arn, bucket)
    found = access(cloud)["whole"]
    assert found["missing"] == []
    assert found["unread"] == []
    assert found["unused"] == [f"kms:Encrypt on {store['KeyArn']}"]
    assert found["calls"] >= 13


def test_what_a_role_lacks_is_told_call_by_call(cloud: CloudProcess, image: str, store: dict[str, str]) -> None:
    bucket = store["Bucket"]
    arn = role(cloud, "poor", (["s3:GetObject", "s3:ListBucket"], f"arn:aws:s3:::{bucket}/data/*"))
    process(cloud, image, "access-poor", arn, bucket)
    missing = access(cloud)["poor"]["missing"]
    assert f"s3:ListBucket on arn:aws:s3:::{bucket}: not allowed" in missing
    assert f"s3:PutObject on arn:aws:s3:::{bucket}/copy/report.json: not allowed" in missing
    assert f"kms:Decrypt on {store['KeyArn']}: not allowed" in missing
    assert f"ecr:BatchGetImage on {REPOSITORY_ARN}: not allowed" in missing
    assert not [line for line in missing if line.startswith("s3:GetObject")]


def test_a_bucket_policy_denies_whatever_the_role_may(cloud: CloudProcess, image: str) -> None:
    cloud("s3").create_bucket(Bucket="append-only")
    cloud("s3").put_object(Bucket="append-only", Key="data/table.csv", Body=b"a\n1\n")
    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::append-only/copy/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    cloud("s3").put_bucket_policy(Bucket="append-only", Policy=policy)
    arn = role(cloud, "overwriting", (["s3:*"], "*"))
    process(cloud, image, "access-overwriting", arn, "append-only")
    missing = access(cloud)["overwriting"]["missing"]
    assert "s3:PutObject on arn:aws:s3:::append-only/copy/report.json: explicitly denied" in missing


def test_a_function_and_a_state_machine_act_as_their_roles(cloud: CloudProcess, store: dict[str, str]) -> None:
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').get_object(Bucket=event['bucket'], Key='data/table.csv')\n"
        "    boto3.client('ssm').put_parameter(Name='/mine', Value='1', Type='String', Overwrite=True)\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as whole:
        whole.writestr("index.py", source)
    reader = role(cloud, "reader", (["s3:GetObject"], "arn:aws:s3:::*"))
    function = cloud("lambda").create_function(
        FunctionName="reader",
        Runtime="python3.13",
        Role=reader,
        Handler="index.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )["FunctionArn"]
    caller = role(cloud, "caller", (["lambda:InvokeFunction", "ssm:GetParameter"], function))
    invoke = {"FunctionName": function, "Payload": {"bucket": store["Bucket"]}}
    states = {
        "Invoke": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": invoke,
            "Next": "Ask",
        },
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter",
            "Parameters": {"Name": "/mine"},
            "End": True,
        },
    }
    client = cloud("stepfunctions")
    machine = client.create_state_machine(
        name=f"caller-{time.time_ns()}",
        definition=json.dumps({"StartAt": "Invoke", "States": states}),
        roleArn=caller,
    )["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    ended = eventually(
        lambda: (found := client.describe_execution(executionArn=execution))["status"] != "RUNNING" and found
    )
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    found = access(cloud)
    parameter = "arn:aws:ssm:us-east-1:000000000000:parameter/mine"
    assert f"ssm:PutParameter on {parameter}: not allowed" in found["reader"]["missing"]
    assert not [line for line in found["reader"]["missing"] if line.startswith("s3:")]
    assert found["caller"]["missing"] == [f"ssm:GetParameter on {parameter}: not allowed"]
    assert found["caller"]["unused"] == [f"ssm:GetParameter on {function}"]


def test_calls_of_people_count_for_nobody(cloud: CloudProcess, store: dict[str, str]) -> None:
    role(cloud, "idle", (["s3:GetObject"], "*"))
    cloud("s3").get_object(Bucket=store["Bucket"], Key="data/table.csv")
    assert access(cloud)["idle"] == {"calls": 0, "missing": [], "unused": ["s3:GetObject on *"], "unread": []}


def test_a_permission_boundary_takes_away(cloud: CloudProcess, image: str, store: dict[str, str]) -> None:
    boundary = {"Effect": "Allow", "Action": ["s3:*", "ecr:*", "logs:*", "kms:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [boundary]})
    policy = cloud("iam").create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    arn = role(cloud, "bounded", (["s3:*", "ecr:*", "logs:*", "kms:*", "cloudwatch:*"], "*"))
    cloud("iam").put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=policy)
    process(cloud, image, "access-bounded", arn, store["Bucket"])
    assert access(cloud)["bounded"]["missing"] == ["cloudwatch:PutMetricData on *: not allowed"]


def test_a_job_in_a_vpc_runs_and_asks_for_interfaces_in_its_subnets(
    cloud: CloudProcess, image: str, store: dict[str, str]
) -> None:
    here = "arn:aws:ec2:us-east-1:000000000000"
    arn = role(
        cloud,
        "inside",
        (["s3:*", "ecr:*", "logs:*", "kms:*", "cloudwatch:*", "ec2:Describe*"], "*"),
        (["ec2:CreateNetworkInterface"], f"{here}:network-interface/*"),
        (["ec2:CreateNetworkInterface"], f"{here}:subnet/subnet-1"),
    )
    network = {"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
    process(cloud, image, "access-inside", arn, store["Bucket"], NetworkConfig=network)
    assert access(cloud)["inside"]["missing"] == [
        f"ec2:CreateNetworkInterface on {here}:security-group/sg-1: not allowed",
        f"ec2:CreateNetworkInterfacePermission on {here}:network-interface/eni-0: not allowed",
        f"ec2:DeleteNetworkInterface on {here}:network-interface/eni-0: not allowed",
        f"ec2:DeleteNetworkInterfacePermission on {here}:network-interface/eni-0: not allowed",
    ]


def test_who_takes_on_a_role_is_that_role(cloud: CloudProcess, store: dict[str, str]) -> None:
    arn = role(cloud, "starter", (["s3:ListBucket"], f"arn:aws:s3:::{store['Bucket']}"))
    taken = cloud("sts").assume_role(RoleArn=arn, RoleSessionName="slipway")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
        region_name="us-east-1",
    )
    s3 = session.client("s3", endpoint_url=cloud.endpoint_url)
    s3.list_objects_v2(Bucket=store["Bucket"])
    s3.put_object(Bucket=store["Bucket"], Key="mine", Body=b"")
    s3.close()
    found = access(cloud)["starter"]
    assert f"s3:PutObject on arn:aws:s3:::{store['Bucket']}/mine: not allowed" in found["missing"]
    assert found["unused"] == []
