"""What AWS does with a role, and what does not come by as a request on the laptop."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.cloud.access.calls import Call, call
from rehearsal.cloud.environment import ACCOUNT, REGION


def pull(image_uri: str) -> Iterator[Call]:
    """Of `<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>`."""
    yield call("ecr:GetAuthorizationToken")
    for action in ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage"):
        yield from _of_repository(action, image_uri)


def look_at_image(image_uri: str) -> Iterator[Call]:
    """What SageMaker does, for who registers a package, with an image that it names: the digest is noted."""
    for action in ("BatchGetImage", "DescribeImages"):
        yield from _of_repository(action, image_uri)


def _of_repository(action: str, image_uri: str) -> Iterator[Call]:
    registry, _, path = image_uri.partition("/")
    if ".dkr.ecr." in registry:
        account, _, _, region, *_ = registry.split(".")
        yield call(f"ecr:{action}", f"arn:aws:ecr:{region}:{account}:repository/{path.partition(':')[0]}")


def push(repository_arn: str) -> Iterator[Call]:
    yield call("ecr:GetAuthorizationToken")
    for action in (
        "BatchCheckLayerAvailability",
        "InitiateLayerUpload",
        "UploadLayerPart",
        "CompleteLayerUpload",
        "PutImage",
    ):
        yield call(f"ecr:{action}", repository_arn)


def write_logs(group: str, stream: str, *, makes_group: bool = True) -> Iterator[Call]:
    where = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    if makes_group:
        yield call("logs:CreateLogGroup", where)
        yield call("logs:DescribeLogStreams", where)
    yield call("logs:CreateLogStream", f"{where}:log-stream:{stream}")
    yield call("logs:PutLogEvents", f"{where}:log-stream:{stream}")


def publish_metrics(namespace: str) -> Iterator[Call]:
    yield call("cloudwatch:PutMetricData", cloudwatch__namespace=namespace)


def read_catalog(database: str, table: str, *, is_partitioned: bool) -> Iterator[Call]:
    """What Athena asks the Glue data catalog for, of whom it runs a query: a table, and all that it lies in."""
    here = f"{REGION}:{ACCOUNT}"
    yield call("athena:GetDataCatalog", f"arn:aws:athena:{here}:datacatalog/AwsDataCatalog")
    parents = ("catalog", f"database/{database}")
    for resource in (*parents, "database/default"):
        yield call("glue:GetDatabase", f"arn:aws:glue:{here}:{resource}")
    for action in ("GetTable", *(["GetPartitions"] if is_partitioned else [])):
        for resource in (*parents, f"table/{database}/{table}"):
            yield call(f"glue:{action}", f"arn:aws:glue:{here}:{resource}")


def deliver_logs() -> Iterator[Call]:
    """What a state machine asks for that logs its executions."""
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    ):
        yield call(f"logs:{action}")


def join_vpc(vpc_config: Mapping[str, Any]) -> Iterator[Call]:
    """What a job or a model in a VPC calls: interfaces in its subnets, and their descriptions."""
    where = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
    interface = f"{where}:network-interface/eni-0"
    subnets = [f"{where}:subnet/{name}" for name in vpc_config.get("Subnets", ())]
    groups = [f"{where}:security-group/{name}" for name in vpc_config.get("SecurityGroupIds", ())]
    for resource in (interface, *subnets, *groups):
        yield call("ec2:CreateNetworkInterface", resource)
    for action in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission"):
        for subnet in subnets:
            yield call(f"ec2:{action}", interface, ec2__Subnet=subnet)
    for what in ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups"):
        yield call(f"ec2:Describe{what}")
