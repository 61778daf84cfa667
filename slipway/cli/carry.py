"""`slipway carry`: a model of one stage becomes a version of the next."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from slipway.errors import InputError
from slipway.settings import load_settings

_DESCRIPTION = """\
Copies an approved model's artifact to the next stage and registers it there, with the same provenance, waiting for
approval. Nothing is trained again. Carrying the same version twice makes one version.

The image there is another build of the same folder: the tag says so, and a warning names both digests where they
differ, for then the base image may be a newer one.

Use the credentials of the stage it goes to. Where that is another account, name it in the first stage's settings
([promotion] to_accounts) and deploy that stage: then its bucket, its key and its registry group let the account read.
"""
_EPILOG = """\
What comes after is the next stage's own: `slipway rollout promote --package N --stage prod --reason …`
approves the version there, and its gates, canary and alarms judge it again.

exit codes:
  0    the version is there
  1    refused: not approved, no such image there, not readable, or AWS cannot be asked
  2    settings or arguments are not acceptable

examples:
  slipway carry --to prod
  slipway carry --from staging --to prod --package 7 --reason "two weeks in staging" --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "carry",
        help="hand an approved model on to the next stage, without training it again",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add = parser.add_argument
    add(
        "--config",
        type=Path,
        default=Path("config/shoppers.toml"),
        metavar="FILE",
        help="the use case (default: %(default)s)",
    )
    add("--to", required=True, metavar="STAGE", help="the stage that gets the model")
    add("--from", dest="from_", metavar="STAGE", help="the stage that has it (default: [promotion] from_stage)")
    add("--package", metavar="N|ARN", help="which version (default: the newest approved one)")
    add("--reason", default="", metavar="TEXT", help="why; it goes into the audit log")
    add("--json", action="store_true", help="one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Carry it, or tell that it was carried before."""
    # boto3 takes a while to import, and --help needs none of it.
    from slipway.operations.account import Account  # noqa: PLC0415
    from slipway.operations.audit_log import AuditLog, Recorder  # noqa: PLC0415
    from slipway.operations.carrying import carry, choose  # noqa: PLC0415
    from slipway.operations.errors import plainly  # noqa: PLC0415
    from slipway.operations.site import Site, version_of  # noqa: PLC0415

    ends = load_settings(arguments.config, arguments.to)
    first = arguments.from_ or ends.promotion.from_stage
    if first is None:
        raise InputError(f"--from must be given: stage {arguments.to} names no [promotion] from_stage")
    if first == arguments.to:
        raise InputError(f"--from and --to must be two stages, got {first} twice")
    begins = load_settings(arguments.config, first)
    with plainly():
        source, target = (Site(settings, Account(settings)) for settings in (begins, ends))
        caller = target.caller
        package = choose(source, caller, arguments.package)
        done = carry(
            package, source, target, Recorder(AuditLog.of(target), caller, warn=_warn), reason=arguments.reason
        )
    if done.warning:
        _warn(done.warning)
    version = version_of(done.package)
    known = "was carried before: it is" if done.again else "is now"
    text = (
        f"version {version_of(done.source)} of {source.names.package_group} {known} version {version} of "
        f"{target.names.package_group} (artifact sha256 {done.sha256[:12]}…)\n"
        f"`slipway rollout promote --package {version} --stage {arguments.to} --reason …` approves it there\n"
    )
    sys.stdout.write(json.dumps(dataclasses.asdict(done), indent=2) + "\n" if arguments.json else text)
    return 0


def _warn(line: str) -> None:
    sys.stderr.write(f"slipway: {line}\n")
