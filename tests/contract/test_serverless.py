"""A serverless endpoint on the embedded AWS, where it is a process like any other: cold starts are not simulated."""

from tests.archives import archive_of
from tests.rehearsal.cloud.process import CloudProcess, eventually

ROLE = "arn:aws:iam::000000000000:role/model"
ENDPOINT = "idle"


def config(cloud: CloudProcess, x: float) -> str:
    """An endpoint config of a model that answers `x`."""
    cloud("s3").put_object(Bucket="models", Key=f"{x}.tar.gz", Body=archive_of({"model.json": {"x": x}}))
    name = f"answers-{x}".replace(".", "-")
    container = {"Image": cloud.image, "ModelDataUrl": f"s3://models/{x}.tar.gz"}
    sagemaker = cloud("sagemaker")
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "primary", "ModelName": name, "InitialVariantWeight": 1.0, "ServerlessConfig": limits}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


def in_service(cloud: CloudProcess, config_name: str) -> bool:
    found = cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    return bool(found["EndpointStatus"] == "InService" and found["EndpointConfigName"] == config_name)


def answer(cloud: CloudProcess) -> str:
    found = cloud("sagemaker-runtime").invoke_endpoint(EndpointName=ENDPOINT, Body=b"1\n", ContentType="text/csv")
    return str(found["Body"].read().decode().strip())


def test_a_serverless_endpoint_serves_and_is_updated_all_at_once(cloud: CloudProcess) -> None:
    sagemaker = cloud("sagemaker")
    cloud("s3").create_bucket(Bucket="models")
    first, second = config(cloud, 0.25), config(cloud, 0.75)
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=first)
    eventually(lambda: in_service(cloud, first))
    assert answer(cloud) == "0.25"
    sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=second)
    eventually(lambda: in_service(cloud, second))
    assert answer(cloud) == "0.75"
    (described,) = sagemaker.describe_endpoint_config(EndpointConfigName=second)["ProductionVariants"]
    assert described["ServerlessConfig"]["MemorySizeInMB"] == 2048
