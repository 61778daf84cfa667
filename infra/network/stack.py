"""Network: the endpoints through which jobs and models in an existing VPC reach AWS, and nothing else."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from slipway.settings import Vpc

_SERVICES = ("sagemaker.api", "sagemaker.runtime", "ecr.api", "ecr.dkr", "logs", "monitoring", "kms", "sts")
"""What jobs, models and SageMaker on their behalf call; layers of images come from S3."""


class NetworkStack(cdk.Stack):
    """An interface endpoint for each service and a gateway endpoint for S3, for the account's own principals only."""

    def __init__(self, scope: Construct, id_: str, *, env: cdk.Environment, vpc: Vpc) -> None:
        super().__init__(scope, id_, env=env, description=f"Endpoints of AWS services in {vpc.vpc_id}")
        for service in _SERVICES:
            ec2.CfnVPCEndpoint(
                self,
                "".join(part.title() for part in service.split(".")),
                # From CDK: in some regions, many of China among them, service names have another prefix.
                service_name=ec2.InterfaceVpcEndpointAwsService(service).name,
                vpc_endpoint_type="Interface",
                vpc_id=vpc.vpc_id,
                subnet_ids=list(vpc.subnets),
                security_group_ids=list(vpc.security_groups),
                private_dns_enabled=True,
                policy_document=self._of_this_account(),
            )
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            service_name=ec2.GatewayVpcEndpointAwsService.S3.name,
            vpc_endpoint_type="Gateway",
            vpc_id=vpc.vpc_id,
            route_table_ids=list(vpc.route_tables),
            policy_document=self._of_this_account(layers=True),
        )

    def _of_this_account(self, *, layers: bool = False) -> dict[str, object]:
        """Deny other accounts' principals: credentials of another account cannot move data out through an endpoint."""
        statements: list[dict[str, object]] = [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalAccount": self.account}},
            }
        ]
        if layers:  # ECR gives out signed URLs of its own bucket
            statements.append(
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": f"arn:{self.partition}:s3:::prod-{self.region}-starport-layer-bucket/*",
                }
            )
        return {"Version": "2012-10-17", "Statement": statements}
