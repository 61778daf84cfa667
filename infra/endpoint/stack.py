"""Endpoint: deployed on day 0 without a model; rollouts change its one parameter and nothing else."""

import hashlib
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.endpoint.capacity import DataCapture, capacity_of
from infra.endpoint.guarded_endpoint import GuardedEndpoint
from infra.endpoint.inference_queue import InferenceQueue
from infra.endpoint.served_model import Challengers, RegisteredModel, ShadowModel
from infra.shared.container_image import ContainerImage, EcrImage
from infra.shared.sagemaker_role import ARTIFACT_KEYS
from slipway.canary.observation.object_prefixes import CAPTURE_PREFIX, capture_destination
from slipway.metrics import CHALLENGER_VARIANT, SHADOW_VARIANT
from slipway.rollout.new_fleet_alarms import DRIFT_ALARMS, server_environment
from slipway.rollout.server_of_settings import captures_apart
from slipway.settings import Settings
from slipway.settings.names import VARIANT


class EndpointStack(cdk.Stack):
    """Holds no model until its parameter names a package; every later package is rolled out."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        env: cdk.Environment,
        settings: Settings,
        key: kms.IKey,
        artifacts_bucket: s3.IBucket,
        image: ContainerImage,
    ) -> None:
        super().__init__(
            scope,
            id_,
            env=env,
            description=f"Endpoint of {settings.names.prefix}",
            # The rule would bring a parameter that a rollout neither reads nor writes.
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        names, served = settings.names, settings.endpoint
        own = settings.endpoint.image
        self._settings, self._bucket = settings, artifacts_bucket
        self._image: ContainerImage | EcrImage = EcrImage(own) if own else image
        # Until the first package of an own server is live, Slipway's server is, or is gone back to.
        self._other_images = (image,) if own else ()
        package = self._package("ModelPackageArn", "The model package to serve; empty for none")
        has_model = cdk.CfnCondition(
            self, "HasModel", expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(package, ""))
        )
        apart = captures_apart(served, settings.rollout)
        capture = DataCapture(
            bucket=artifacts_bucket,
            prefix=CAPTURE_PREFIX,
            key=key,
            percent=served.capture_percent,
            destination=capture_destination(names.endpoint, _version(package) if apart else ""),
        )
        self.guarded = GuardedEndpoint(
            self,
            "Guarded",
            model=self._registered(package, VARIANT),
            shadow=self._shadow(has_model) if settings.rollout.shadow.enabled else None,
            challengers=self._challengers(has_model) if settings.experiment else None,
            capacity=capacity_of(served),
            rollout=settings.rollout,
            endpoint_name=names.endpoint,
            capture=capture if served.facts.captures else None,
            queue=self._queue(key),
            volume_key=key,
            vpc=settings.access.vpc,
            condition=has_model,
            drift_watched=self._drift_watched(settings.rollout.alarms_off),
        )
        self._scale_by_backlog()
        # A rollout finds the config by its logical id; the names that CloudFormation gives begin with these.
        self.guarded.model.override_logical_id("Model")
        self.guarded.config.override_logical_id("EndpointConfig")
        if self.guarded.shadow_model:
            self.guarded.shadow_model.override_logical_id("ShadowModel")
        for number, model in enumerate(self.guarded.challenger_models, 1):
            model.override_logical_id(f"ChallengerModel{number}")
        cdk.CfnOutput(self, "EndpointName", value=names.endpoint)
        cdk.CfnOutput(self, "EndpointConfigName", value=self.guarded.config_name, condition=has_model)

    def _queue(self, key: kms.IKey) -> InferenceQueue | None:
        """With a topic for each end of a request that is published."""
        asynchronous = self._settings.endpoint.asynchronous
        if asynchronous is None:
            return None
        topics = {
            end: sns.Topic(self, f"{end.capitalize()}Topic", master_key=key, enforce_ssl=True)
            for end in asynchronous.notifications
        }
        for end, topic in topics.items():
            cdk.CfnOutput(self, f"{end.capitalize()}TopicArn", value=topic.topic_arn)
        return InferenceQueue(
            bucket=self._bucket,
            key=key,
            max_concurrent=asynchronous.max_concurrent_invocations,
            success=topics.get("success"),
            error=topics.get("error"),
        )

    def _scale_by_backlog(self) -> None:
        """Down to no instance, and up again for the first request."""
        served = self._settings.endpoint
        if served.asynchronous is None or served.scaled_between is None:
            return
        scaling, (low, high) = served.asynchronous.scaling, served.scaled_between
        scaled = self.guarded.auto_scale_instance_count(min_capacity=low, max_capacity=high)
        scaled.track_backlog(
            "Backlog",
            backlog_per_instance=scaling.backlog_per_instance,
            scale_in_cooldown=cdk.Duration.seconds(scaling.scale_in_cooldown_seconds),
            scale_out_cooldown=cdk.Duration.seconds(scaling.scale_out_cooldown_seconds),
        )
        if low == 0:
            name = f"{self._settings.names.endpoint}-HasBacklogWithoutCapacity"
            scaled.start_from_zero("FromZero", alarm_name=name, cooldown_seconds=scaling.scale_out_cooldown_seconds)

    def _package(self, parameter: str, description: str) -> str:
        group = self._settings.names.package_group
        return cdk.CfnParameter(
            self,
            parameter,
            default="",
            description=description,
            allowed_pattern=rf"^$|^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{{12}}:model-package/{group}/\d+$",
            constraint_description=f"must be empty or the ARN of a package of {group}",
        ).value_as_string

    def _registered(self, package: str, variant: str) -> RegisteredModel:
        return RegisteredModel(
            package_arn=package,
            image=self._image,
            artifacts_bucket=self._bucket,
            artifact_keys=ARTIFACT_KEYS,
            other_images=self._other_images,
            # The dimensions of the servers' metrics; a container cannot find out the name of its endpoint config.
            environment=server_environment(
                self._settings.names.endpoint,
                package,
                excluded=self._settings.data.exclude_from_drift,
                variant=variant,
            ),
        )

    def _beside_model(self, id_: str, package: str, has_model: cdk.CfnCondition) -> cdk.CfnCondition:
        """A model is served, and the parameter names a package."""
        named = cdk.Fn.condition_not(cdk.Fn.condition_equals(package, ""))
        both = cdk.Fn.condition_and(cast("cdk.ICfnConditionExpression", has_model), named)
        return cdk.CfnCondition(self, id_, expression=both)

    def _drift_watched(self, alarms_off: tuple[str, ...]) -> cdk.CfnCondition | None:
        """Not of a package that has served: the requests have drifted from what it learned, whatever the update does.

        An update that leaves the parameter out takes the default: then drift is watched.
        """
        if not self._settings.endpoint.facts.is_guarded or set(DRIFT_ALARMS) <= set(alarms_off):
            return None
        served = self._package(
            "ServedModelPackageArn", "The served package, if it has served: drift rolls nothing back"
        )
        return cdk.CfnCondition(self, "HasDriftWatched", expression=cdk.Fn.condition_equals(served, ""))

    def _shadow(self, has_model: cdk.CfnCondition) -> ShadowModel:
        """An update that leaves its parameter out takes the default: then the endpoint has no shadow."""
        package = self._package("ShadowModelPackageArn", "The candidate beside the served model; empty for none")
        shadow = self._settings.rollout.shadow
        return ShadowModel(
            model=self._registered(package, SHADOW_VARIANT),
            instance_count=shadow.instances(self._settings.endpoint.most_instances),
            percent=shadow.percent,
            condition=self._beside_model("HasShadow", package, has_model),
        )

    def _challengers(self, has_model: cdk.CfnCondition) -> Challengers:
        """As many as an experiment may have; an update that leaves their parameters out has none of them.

        Variants are added and removed without guardrails, which need the same ones before and after. Such an update
        names the model that serves, so that no user gets another model by it.
        """
        experiment = self._settings.experiment
        models, conditions, packages = {}, [], []
        for number in range(1, experiment.challengers + 1 if experiment else 1):
            package = self._package(
                f"Challenger{number}ModelPackageArn", "A challenger in an experiment; empty for none"
            )
            variant = CHALLENGER_VARIANT.format(number)
            models[variant] = self._registered(package, variant)
            packages.append(package)
            conditions.append(self._beside_model(f"HasChallenger{number}", package, has_model))
        # A changed setting is another token: what has been left in the parameter takes no guardrails from its update.
        token = hashlib.sha256(self._settings.model_dump_json().encode()).hexdigest()[:16]
        unguarded = cdk.CfnParameter(
            self,
            "Unguarded",
            default="",
            description="UnguardedToken of this template where an update adds or removes challengers",
        ).value_as_string
        cdk.CfnOutput(self, "UnguardedToken", value=token)
        # By the first: they are numbered without gaps.
        alone = cdk.CfnCondition(self, "HasNoChallenger", expression=cdk.Fn.condition_equals(packages[0], ""))
        with_token = cdk.Fn.condition_equals(unguarded, token)
        guarded = cdk.CfnCondition(self, "HasGuardrails", expression=cdk.Fn.condition_not(with_token))
        return Challengers(
            models=models,
            conditions=conditions,
            alone=alone,
            guarded=guarded,
            instance_count=self._settings.endpoint.instance_count,
        )


def _version(package: str) -> str:
    """The last part of an ARN; of the empty one, for which a part that is absent would be an error, none."""
    return cdk.Fn.select(2, cdk.Fn.split("/", f"{package}//"))
