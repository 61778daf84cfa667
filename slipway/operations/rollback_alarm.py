"""Make SageMaker roll an update back: it has no call for that, and rolls back on alarms alone."""

from slipway.canary.statistics.evidence import Decision
from slipway.metrics import DECISION_METRIC, decision_datum, decision_namespace
from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_endpoint import fleet_alarms
from slipway.operations.deployed_stage import DeployedStage


def fire_rollback_alarm(stage: DeployedStage, config: str, *, actor: str) -> str:
    """Make an alarm of the new fleet `config` fire; returns by what means.

    Raises:
        RefusedError: the fleet has no alarm.
    """
    alarms = fleet_alarms(stage, config)
    if not alarms:
        raise RefusedError(f"the new fleet {config} has no alarm that SageMaker could roll back on")
    cloudwatch, endpoint = stage.client("cloudwatch"), stage.names.endpoint
    if any(alarm.watches_canary_analysis for alarm in alarms):
        datum, namespace = (
            decision_datum(Decision.ROLL_BACK, endpoint=endpoint, config=config),
            decision_namespace(endpoint),
        )
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
        return f"metric {namespace} {DECISION_METRIC} = {int(Decision.ROLL_BACK)}"
    # CloudWatch resets the state at its next evaluation; if that was too early, the next poll sets it again.
    name = alarms[0].name
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=f"{actor} aborts the rollout")
    return f"alarm {name}"
