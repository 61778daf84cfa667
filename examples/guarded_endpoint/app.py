"""Two guarded endpoints in a CDK app of one's own: fraud behind a canary, ranking behind a rolling update."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.endpoint.capacity import DataCapture, Instances
from infra.endpoint.guarded_endpoint import GuardedEndpoint, service_rollout
from infra.endpoint.served_model import ContainerModel, S3Object
from infra.shared.container_image import ContainerImage
from slipway.settings.rollout import Autoscaling


class GuardedModels(cdk.Stack):
    """Serves two models whose archives and images are there already."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_, description="Two models behind deployment guardrails")
        key = kms.Key(self, "Key", enable_key_rotation=True)
        models = s3.Bucket.from_bucket_name(self, "Models", "acme-models")
        requests = s3.Bucket.from_bucket_name(self, "Requests", "acme-requests")
        servers = ecr.Repository.from_repository_name(self, "Servers", "acme/servers")
        fraud = GuardedEndpoint(
            self,
            "Fraud",
            model=ContainerModel(
                image=ContainerImage(repository=servers, tag="fraud-7"),
                data=S3Object(bucket=models, key="fraud/7/model.tar.gz"),
            ),
            capacity=Instances(type="ml.m5.large", count=4),
            capture=DataCapture(bucket=requests, prefix="fraud", key=key, percent=20),
            volume_key=key,
        )
        ranking = GuardedEndpoint(
            self,
            "Ranking",
            endpoint_name="ranking",
            model=ContainerModel(
                image=ContainerImage(repository=servers, tag="ranking-31"),
                data=S3Object(bucket=models, key="ranking/31/model.tar.gz"),
                environment={"WORKERS": "2"},
            ),
            capacity=Instances(
                type="ml.c6i.xlarge",
                count=4,
                autoscaling=Autoscaling(min_instance_count=4, max_instance_count=12, invocations_per_instance=900),
            ),
            rollout=service_rollout(type="rolling", max_latency_ms=80.0),
            volume_key=key,
        )
        client = iam.Role(self, "Shop", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        for endpoint in (fraud, ranking):
            endpoint.grant_invoke(client)


app = cdk.App()
GuardedModels(app, "acme-models")
app.synth()
