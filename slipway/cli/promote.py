"""`slipway promote`: an approved model of one stage becomes a version of the next."""

import argparse
import dataclasses

from slipway.cli.arguments import add_command, add_config, add_json, log, write
from slipway.errors import InputError
from slipway.settings import load_settings

_DESCRIPTION = """\
Copy an approved model's artifact to the next stage and register it there with the same provenance, pending approval.
Nothing is trained again. Promoting the same version twice registers one version.

The next stage runs the model in its own build of the same image. The tag proves that both images were built from the
same source folder; a warning names both digests where they differ, because the base image may be a newer one.

Use credentials of the stage that receives the model. If that stage is in another account, name the account in the
settings of the stage that has the model ([promotion] to_accounts) and deploy that stage: its bucket, key and model
package group then grant the account read access.
"""
_EPILOG = """\
Then approve the version in the next stage, where its gates, canary and alarms decide again:
  slipway rollout approve --package N --stage prod --reason "…"

exit codes:
  0    the version is registered
  1    refused: the version is not approved, the image is missing, or AWS refuses a call
  2    settings or arguments are not acceptable

examples:
  slipway promote --to prod
  slipway promote --from staging --to prod --package 7 --reason "two weeks in staging" --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "promote",
        run,
        summary="copy an approved model to the next stage, without training it again",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    add_config(parser)
    add = parser.add_argument
    add("--to", required=True, metavar="STAGE", help="the stage that receives the model")
    add("--from", dest="from_", metavar="STAGE", help="the stage that has it (default: [promotion] from_stage)")
    add("--package", metavar="N|ARN", help="the version (default: the newest approved one)")
    add("--reason", default="", metavar="TEXT", help="why; recorded in the audit log")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Promote the version, or report that it was promoted before."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.operations.audit_log import AuditLog, Recorder  # noqa: PLC0415
    from slipway.operations.aws_errors import readable_errors  # noqa: PLC0415
    from slipway.operations.deployed_stage import DeployedStage, version_of  # noqa: PLC0415
    from slipway.operations.promotion import choose, promote  # noqa: PLC0415

    target_settings = load_settings(arguments.config, arguments.to)
    first = arguments.from_ or target_settings.promotion.from_stage
    if first is None:
        raise InputError(f"--from must be given: stage {arguments.to} has no [promotion] from_stage")
    if first == arguments.to:
        raise InputError(f"--from and --to must be two stages, got {first} twice")
    source_settings = load_settings(arguments.config, first)
    with readable_errors():
        source, target = DeployedStage(source_settings), DeployedStage(target_settings)
        caller = target.caller
        package = choose(source, caller, arguments.package)
        recorder = Recorder(AuditLog.of(target), caller, warn=log)
        promoted = promote(package, source, target, recorder, reason=arguments.reason)
    if promoted.warning:
        log(promoted.warning)
    version = version_of(promoted.package)
    registered = "was promoted before: it is" if promoted.again else "is now"
    text = (
        f"version {version_of(promoted.source)} of {source.names.package_group} {registered} version {version} of "
        f"{target.names.package_group} (artifact sha256 {promoted.sha256[:12]}…)\n"
        f"approve it there with `slipway rollout approve --package {version} --stage {arguments.to} --reason …`\n"
    )
    write(arguments, dataclasses.asdict(promoted), lambda: text)
    return 0
