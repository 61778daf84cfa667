"""Rollouts with real processes, counted: servers, router, users, alarms, and a controller that may be killed.

Usage: python -m benchmarks.real_rollouts [--rollouts 20] [--kinds healthy,errors,…] [--speed 60] [--json FILE]

The embedded AWS is started, a model is trained, and its endpoint is updated again and again behind the settings'
own DeploymentConfig and alarms, without CDK and without the rollout's state machine, so that only SageMaker's part is
measured. No other tool offers this on a laptop, so there is no peer to compare with.

healthy            the same model again; it should be promoted
errors, slow       a bad build: 30 % of its answers are errors, or each takes 1.5 s longer; it should be rolled back
shift              a bad training: scores far from the model's own baseline; it should be rolled back
"failed" are requests that users got an error for, as they get it from SageMaker; "by others": not by the new fleet.

killed             healthy, and kill -9 for the process that decides, in another state each time
killed errors      the same with a build that answers errors
"""

import argparse
import json
import statistics
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.shop import Row, shop

KINDS = ("healthy", "errors", "slow", "shift", "killed", "killed errors")


def table(rows: list[Row]) -> list[str]:
    """The counts, a line a kind."""
    lines = [
        (
            "kind           rollouts  promoted  rolled back  exposed median  max  failed  by others  dropped  restarts"
            "  seconds  by"
        )
    ]
    for kind in dict.fromkeys(row.kind for row in rows):
        found = [row for row in rows if row.kind == kind]
        promoted, exposed = sum(row.verdict == "promoted" for row in found), [row.exposed for row in found]
        failed, dropped = sum(row.failed for row in found), sum(row.dropped for row in found)
        others = sum(max(0, row.failed - row.failed_by_new_fleet) for row in found)
        seconds = statistics.median(row.seconds for row in found)
        by = ", ".join(sorted({row.by for row in found if row.by}))
        lines.append(
            f"{kind:<15}{len(found):>8}{promoted:>10}{len(found) - promoted:>13}{statistics.median(exposed):>16.0f}"
            f"{max(exposed):>5}{failed:>8}{others:>11}{dropped:>9}"
            f"{sum(row.restarts for row in found):>10}{seconds:>9.1f}  {by}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=int, default=20, help="of each kind (default: %(default)s)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="separated by commas (default: all)")
    parser.add_argument("--speed", type=float, default=60.0, help="waits last 1/SPEED of their time")
    parser.add_argument("--requests-per-second", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="write a row a rollout here")
    arguments = parser.parse_args()
    kinds = arguments.kinds.split(",")
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"kinds must be among {', '.join(KINDS)}, got {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    with shop(arguments.speed, arguments.requests_per_second) as opened:
        for number in range(arguments.rollouts):
            for kind in kinds:
                rows.append(opened.roll_out(kind, number))
                print(f"{rows[-1]}", file=sys.stderr, flush=True)
    print("\n".join(table(rows)))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
