"""SG2xx: endpoints that guardrails do not hold for, and configs that cannot follow one another."""

from collections.abc import Iterator

from blueprint.guardrails.planned import PlannedRollout, is_opaque
from blueprint.guardrails.rule import Found, rule
from blueprint.guardrails.waits import waits

_COUNT = "DesiredInstanceCount"


@rule("SG201", "error", because="SageMaker guards real-time and asynchronous endpoints on instances only")
def serverless(planned: PlannedRollout) -> Iterator[Found]:
    """Guardrails on a serverless endpoint."""
    for variant in planned.variants:
        if variant.serverless and planned.deployment:
            yield Found(f"variant {variant.name} is serverless", "serve it from instances, or drop DeploymentConfig")


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
    if planned.asynchronous or planned.serverless or any(shadow.serverless for shadow in planned.shadow_variants):
        kind = "asynchronous" if planned.asynchronous else "serverless"
        yield Found(f"a shadow variant on a {kind} endpoint", "remove the shadow variant")


@rule("SG204", "error", because="SageMaker then updates all at once, with no final bake and no guardrail")
def excluded_hardware(planned: PlannedRollout) -> Iterator[Found]:
    """Inferentia 1 instances and elastic inference, which fall back to all at once."""
    for variant in planned.variants if planned.deployment else ():
        if (variant.instance_type or "").startswith("ml.inf1."):
            yield Found(f"variant {variant.name} is on {variant.instance_type}", "use ml.inf2 or another family")
        if variant.accelerator:
            yield Found(f"variant {variant.name} has the accelerator {variant.accelerator}", "use a GPU instance")


@rule("SG205", "error", because="a config cannot change, so the next one needs another name while this one is in use")
def named_config(planned: PlannedRollout) -> Iterator[Found]:
    """A physical name on the endpoint config."""
    if planned.config_is_named:
        what = f"EndpointConfigName is {planned.config_name}"
        yield Found(what, "remove the property, and read the name with Fn::GetAtt EndpointConfigName")


@rule("SG206", "error", because="a guarded update needs the same variant names in the old and the new config")
def renamed_variant(planned: PlannedRollout) -> Iterator[Found]:
    """A variant that is called otherwise than before."""
    names, before = [variant.name for variant in planned.variants], planned.previous_variants
    if before is None or any(is_opaque(name) for name in (*names, *before)):
        return
    if set(names) != set(before):
        what = f"variants are {', '.join(names)}, and were {', '.join(before)}"
        yield Found(what, f"keep {', '.join(before)}; the model behind a variant may change, its name may not")


@rule("SG207", "error", because="a new fleet then starts with the config's count, not with what the traffic needs")
def lost_capacity(planned: PlannedRollout) -> Iterator[Found]:
    """Autoscaling whose count the update forgets."""
    if planned.autoscaled and _COUNT not in planned.retained:
        what = f"the endpoint is autoscaled and the update does not retain {_COUNT}"
        fix = f"set RetainAllVariantProperties to true and leave {_COUNT} out of ExcludeRetainedVariantProperties"
        yield Found(what, fix)


RULES = (serverless, rolling_of_several, shadows, excluded_hardware, named_config, renamed_variant, lost_capacity)
