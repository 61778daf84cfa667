"""A Lambda function in Python, whose role may write its own log and do what its statements allow."""

import atexit
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.shared.policy import PolicyRole, Statement, allow

_PROJECT = Path(__file__).resolve().parents[2]
_CACHES = "__pycache__"
_RUNTIME, _ARCHITECTURE = lambda_.Runtime.PYTHON_3_13, lambda_.Architecture.ARM_64
_KEPT = lambda_.VersionOptions(removal_policy=cdk.RemovalPolicy.RETAIN)
_LAMBDA = iam.ServicePrincipal("lambda.amazonaws.com")
_BUNDLES = ExitStack()
atexit.register(_BUNDLES.close)


class PythonFunction(lambda_.Function):
    """Runs `handler` of `index.py` in the folder `source`; boto3 comes with the runtime.

    `slipway` names what of that package the handler imports, as paths in it (`errors.py`, `canary`). A `source` that is
    a `package` of several modules keeps its name; `libraries` are installed ones that the runtime does not bring.
    Earlier versions stay where executions under way go on with what they began with: of durable functions, and where
    it `keeps_versions`.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        source: Path,
        description: str,
        timeout: cdk.Duration,
        statements: Sequence[Statement],
        environment: Mapping[str, str] | None = None,
        memory_mb: int = 256,
        slipway: Sequence[str] = (),
        function_name: str | None = None,
        package: bool = False,
        libraries: Sequence[str] = (),
        handler: str = "handler",
        durable_config: lambda_.DurableConfig | None = None,
        keeps_versions: bool = False,
    ) -> None:
        log_group = logs.LogGroup(
            scope,
            f"{id_}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        # Without a role of ours CDK would attach a managed policy that may write every log group.
        role = PolicyRole(
            scope,
            f"{id_}Role",
            assumed_by=_LAMBDA,
            statements=[
                allow("logs:CreateLogStream", "logs:PutLogEvents", on=[log_group.log_group_arn]),
                *statements,
            ],
        )
        super().__init__(
            scope,
            id_,
            code=lambda_.Code.from_asset(
                str(_bundle(source, source.name if package else ".", tuple(slipway), tuple(libraries))),
                exclude=[_CACHES, f"**/{_CACHES}"],
            ),
            function_name=function_name,
            handler=f"{source.name}.index.{handler}" if package else f"index.{handler}",
            runtime=_RUNTIME,
            architecture=_ARCHITECTURE,
            description=description,
            timeout=timeout,
            memory_size=memory_mb,
            environment=environment,
            role=role,
            log_group=log_group,
            durable_config=durable_config,
            current_version_options=_KEPT if durable_config or keeps_versions else None,
        )


@cache  # CDK reads a folder once, however many use cases have it for an asset
def _bundle(source: Path, folder: str, slipway: tuple[str, ...], libraries: tuple[str, ...]) -> Path:
    """A folder with the function's code and the modules that come along, there until the process ends."""
    if not slipway and not libraries:
        return source
    bundle = Path(_BUNDLES.enter_context(TemporaryDirectory()))
    shutil.copytree(source, bundle / folder, dirs_exist_ok=True)
    for library in libraries:
        (place,) = (find_spec(library) or ModuleSpec(library, None)).submodule_search_locations or [""]
        shutil.copytree(place, bundle / library, ignore=shutil.ignore_patterns(_CACHES, "*.pyc"))
    for name in ("__init__.py", *slipway):
        module, target = _PROJECT / "slipway" / name, bundle / "slipway" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if module.is_dir():
            shutil.copytree(module, target)
        else:
            shutil.copy(module, target)
    return bundle
