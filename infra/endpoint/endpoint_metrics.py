"""An endpoint's metrics, and the right to invoke it, named as in the L2 of `@aws-cdk/aws-sagemaker-alpha`."""

from abc import abstractmethod
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from slipway.endpoint_kinds import EndpointKind
from slipway.guardrails.published_metrics import INSTANCE_NAMESPACE, INVOCATION_NAMESPACE
from slipway.settings.names import VARIANT


class InvokableEndpoint(Construct):
    """Metrics and grants of an endpoint by its name, whether or not it exists yet.

    Metrics are of both fleets together, as users see them; each takes the options of `cloudwatch.Metric`.
    """

    @property
    @abstractmethod
    def endpoint_name(self) -> str: ...

    @property
    @abstractmethod
    def kind(self) -> EndpointKind: ...

    @property
    def endpoint_arn(self) -> str:
        return cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="endpoint", resource_name=self.endpoint_name.lower()
        )

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` invoke the endpoint."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=[self.kind.invocation], resource_arns=[self.endpoint_arn]
        )

    def metric(self, name: str, *, namespace: str = INVOCATION_NAMESPACE, **options: Any) -> cloudwatch.Metric:
        """A metric of the variant; the sum over 5 minutes, unless `options` say otherwise."""
        dimensions = {"EndpointName": self.endpoint_name, "VariantName": VARIANT}
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, **{"dimensions_map": dimensions, "statistic": "Sum", **options}
        )

    def metric_invocations(self, **options: Any) -> cloudwatch.Metric:
        return self.metric("Invocations", **options)

    def metric_invocations_per_instance(self, **options: Any) -> cloudwatch.Metric:
        return self.metric("InvocationsPerInstance", **options)

    def metric_invocation_4xx_errors(self, **options: Any) -> cloudwatch.Metric:
        return self.metric("Invocation4XXErrors", **options)

    def metric_invocation_5xx_errors(self, **options: Any) -> cloudwatch.Metric:
        return self.metric("Invocation5XXErrors", **options)

    def metric_model_errors(self, **options: Any) -> cloudwatch.Metric:
        return self.metric("InvocationModelErrors", **options)

    def metric_model_latency(self, **options: Any) -> cloudwatch.Metric:
        """Microseconds; the average over 5 minutes."""
        return self.metric("ModelLatency", **{"statistic": "Average", **options})

    def metric_overhead_latency(self, **options: Any) -> cloudwatch.Metric:
        """Microseconds that SageMaker itself adds; the average over 5 minutes."""
        return self.metric("OverheadLatency", **{"statistic": "Average", **options})

    def metric_backlog_size(self, **options: Any) -> cloudwatch.Metric:
        """Waiting requests of an asynchronous endpoint; the average over 5 minutes."""
        dimensions = {"EndpointName": self.endpoint_name}
        return self.metric(
            "ApproximateBacklogSize", **{"dimensions_map": dimensions, "statistic": "Average", **options}
        )

    def metric_cpu_utilization(self, **options: Any) -> cloudwatch.Metric:
        return self._of_instances("CPUUtilization", options)

    def metric_memory_utilization(self, **options: Any) -> cloudwatch.Metric:
        return self._of_instances("MemoryUtilization", options)

    def metric_disk_utilization(self, **options: Any) -> cloudwatch.Metric:
        return self._of_instances("DiskUtilization", options)

    def metric_gpu_utilization(self, **options: Any) -> cloudwatch.Metric:
        return self._of_instances("GPUUtilization", options)

    def metric_gpu_memory_utilization(self, **options: Any) -> cloudwatch.Metric:
        return self._of_instances("GPUMemoryUtilization", options)

    def _of_instances(self, name: str, options: dict[str, Any]) -> cloudwatch.Metric:
        return self.metric(name, namespace=INSTANCE_NAMESPACE, **{"statistic": "Average", **options})
