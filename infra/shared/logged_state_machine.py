"""State machines that log everything they do."""

import json
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.shared.arns import PARTITION


class LoggedStateMachine(sfn.StateMachine):
    """Runs the ASL file `definition`, whose `${Name}` are replaced by `substitutions` and `${Partition}`."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        definition: Path,
        substitutions: Mapping[str, str],
        role: iam.IRole,
        retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(
            scope,
            id_,
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_file(str(definition)),
            definition_substitutions={"Partition": PARTITION, **substitutions},
            role=role,
            logs=_everything(scope, f"{id_}Logs", name, retention),
        )


def json_in_jsonata(value: object) -> str:
    """A substitution inside a JSONata string of an ASL file: the JSON of `value`, escaped for the string around it."""
    return json.dumps(json.dumps(value))[1:-1]


def _everything(scope: Construct, id_: str, name: str, retention: logs.RetentionDays) -> sfn.LogOptions:
    group = logs.LogGroup(
        scope,
        id_,
        # With this prefix the log deliveries need no entry in the account's one log resource policy, which is limited.
        log_group_name=f"/aws/vendedlogs/states/{name}",
        retention=retention,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    return sfn.LogOptions(destination=group, level=sfn.LogLevel.ALL, include_execution_data=True)
