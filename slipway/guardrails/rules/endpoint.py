"""SG2xx: endpoints that have no guardrails, and configs that cannot follow one another."""

from collections.abc import Iterator

from slipway.guardrails.finding import Found, rule
from slipway.guardrails.planned import PlannedRollout, differ, is_opaque
from slipway.guardrails.waits import waits

_COUNT = "DesiredInstanceCount"


@rule("SG201", "error", because="SageMaker guards real-time and asynchronous endpoints on instances only")
def unguarded_kind(planned: PlannedRollout) -> Iterator[Found]:
    """Guardrails on a serverless endpoint."""
    if planned.deployment and not planned.kind.is_guarded:
        yield Found(f"the endpoint is {planned.kind.name}", "serve it from instances, or drop DeploymentConfig")


@rule("SG202", "error", because="a rolling deployment replaces the instances of one variant")
def rolling_of_several(planned: PlannedRollout) -> Iterator[Found]:
    """A rolling deployment of several variants."""
    if waits(planned).way == "ROLLING" and len(planned.variants) > 1:
        names = ", ".join(variant.name for variant in planned.variants)
        yield Found(f"RollingUpdatePolicy is for one variant, got {names}", "write CANARY or LINEAR, or one variant")


@rule("SG203", "error", because="SageMaker takes one shadow beside one production variant on real-time instances")
def shadows(planned: PlannedRollout) -> Iterator[Found]:
    """Shadow variants that SageMaker refuses."""
    count = len(planned.shadow_variants)
    if not count:
        return
    if count > 1 or len(planned.variants) > 1:
        what = f"{count} shadow beside {len(planned.variants)} production variants"
        yield Found(what, "keep one of each, and shadow the next candidate afterwards")
    if not planned.kind.takes_shadow:
        yield Found(f"a shadow variant on a {planned.kind.name} endpoint", "remove the shadow variant")
    if waits(planned).way == "ROLLING":
        what = "a shadow variant is updated by RollingUpdatePolicy, which is for one variant"
        yield Found(what, "write CANARY or LINEAR")


@rule("SG204", "error", because="SageMaker then updates all at once, with no final bake and no guardrail")
def excluded_hardware(planned: PlannedRollout) -> Iterator[Found]:
    """Inferentia 1 instances and elastic inference, which fall back to all at once."""
    for variant in planned.variants if planned.deployment else ():
        if (variant.instance_type or "").startswith("ml.inf1."):
            yield Found(f"variant {variant.name} is on {variant.instance_type}", "use ml.inf2 or another family")
        if variant.accelerator:
            yield Found(f"variant {variant.name} has the accelerator {variant.accelerator}", "use a GPU instance")


@rule("SG205", "error", because="a config is immutable, so the next one needs another name while this one is in use")
def named_config(planned: PlannedRollout) -> Iterator[Found]:
    """A physical name on the endpoint config."""
    if planned.config_is_named:
        what = f"EndpointConfigName is {planned.config_name}"
        yield Found(what, "remove the property, and read the name with Fn::GetAtt EndpointConfigName")


@rule("SG206", "error", because="a guarded update needs the same variant names in the old and the new config")
def renamed_variant(planned: PlannedRollout) -> Iterator[Found]:
    """A variant that is renamed."""
    names, before = [variant.name for variant in planned.variants], planned.previous_variants
    if before is None or any(is_opaque(name) for name in (*names, *before)):
        return
    if set(names) != set(before):
        what = f"variants are {', '.join(names)}, and were {', '.join(before)}"
        yield Found(what, f"keep {', '.join(before)}; the model behind a variant may change, its name may not")


@rule("SG207", "error", because="a new fleet then starts with the config's count, not with what the traffic needs")
def lost_capacity(planned: PlannedRollout) -> Iterator[Found]:
    """Autoscaling whose count the update drops."""
    if planned.autoscaled and _COUNT not in planned.retained and not planned.kind.waits:
        what = f"the endpoint is autoscaled and the update does not retain {_COUNT}"
        fix = f"set RetainAllVariantProperties to true and leave {_COUNT} out of ExcludeRetainedVariantProperties"
        yield Found(what, fix)


@rule("SG208", "warning", because="the update then keeps the old count, so a changed one never reaches the endpoint")
def kept_count(planned: PlannedRollout) -> Iterator[Found]:
    """A fixed count that the update does not take from the config."""
    if not planned.autoscaled and _COUNT in planned.retained:
        what = f"no scalable target is known and the update retains {_COUNT}"
        yield Found(
            what, f"set RetainAllVariantProperties to false, or list {_COUNT} in ExcludeRetainedVariantProperties"
        )


@rule("SG209", "error", because="autoscaling brings the count into its range, whatever the config has")
def count_out_of_range(planned: PlannedRollout) -> Iterator[Found]:
    """A config's count outside the range of autoscaling, or a range that is none."""
    counts = {variant.name: variant.instance_count for variant in planned.variants}
    for scaled in planned.scaling:
        count, least, most = counts.get(scaled.name), scaled.least, scaled.most
        if least is not None and most is not None and least > most:
            yield Found(f"MinCapacity of {scaled.name} is {least} and MaxCapacity {most}", "write them in order")
        elif count is not None and ((least or 0) > count or (most is not None and most < count)):
            what = f"InitialInstanceCount of {scaled.name} is {count}, and autoscaling keeps {least}..{most}"
            yield Found(what, "write a count within the range")


@rule("SG210", "error", because="SageMaker does not autoscale burstable instances")
def burstable(planned: PlannedRollout) -> Iterator[Found]:
    """Autoscaling of ml.t instances."""
    scaled = {target.name for target in planned.scaling}
    for variant in planned.variants:
        if variant.name in scaled and (variant.instance_type or "").startswith("ml.t"):
            yield Found(
                f"variant {variant.name} is autoscaled on {variant.instance_type}", "use ml.m5 or another family"
            )


@rule("SG211", "error", because="nothing is scaled, and the traffic meets the count that the config began with")
def unknown_scaled_variant(planned: PlannedRollout) -> Iterator[Found]:
    """A scalable target of a variant that the config does not have."""
    names = [variant.name for variant in planned.variants]
    for scaled in planned.scaling:
        if names and all(differ(scaled.name, name) for name in names):
            what = f"the scalable target is variant {scaled.name}, and the config has {', '.join(names)}"
            yield Found(what, f"write variant/{names[0]} in ResourceId")


@rule("SG212", "error", because="SageMaker refuses to change the instance type of what is autoscaled")
def changed_type(planned: PlannedRollout) -> Iterator[Found]:
    """Another instance type for an autoscaled variant."""
    before = dict(planned.previous_types)
    for variant in planned.variants if planned.autoscaled else ():
        old, new = before.get(variant.name), variant.instance_type
        if old and new and differ(new, old):
            what = f"variant {variant.name} was on {old} and is to be on {new}"
            yield Found(what, "deregister the scalable target first, and register it again afterwards")


@rule(
    "SG213",
    "warning",
    because="AWS does not say that metrics of this kind of endpoint have the dimension EndpointConfigName, and alarms "
    "without data roll nothing back",
)
def alarms_that_may_have_no_data(planned: PlannedRollout) -> Iterator[Found]:
    """An asynchronous endpoint whose new fleet stays without a comparison."""
    if planned.kind.waits and planned.deployment and (planned.analysis is None or planned.analysis.proceeds):
        how = "goes on without a decision of" if planned.analysis else "has no"
        fix = "write canary_analysis.enabled = true and without_evidence = roll_back"
        yield Found(f"the rollout {how} canary analysis", fix)


RULES = (
    unguarded_kind,
    rolling_of_several,
    shadows,
    excluded_hardware,
    named_config,
    renamed_variant,
    lost_capacity,
    kept_count,
    count_out_of_range,
    burstable,
    unknown_scaled_variant,
    changed_type,
    alarms_that_may_have_no_data,
)
