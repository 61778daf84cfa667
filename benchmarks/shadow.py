"""How a candidate's time as a shadow ends, simulated: `python -m benchmarks.shadow [--rollouts N] [--json]`.

Both models get every request. The two responses to a request are drawn as if they were independent, which is the harder
case: what is hard about a request is so for both.
"""

import argparse
import json
import sys
from typing import Any

import numpy as np

from slipway.canary.config import Tolerances
from slipway.canary.shadow_comparison import ShadowComparison
from slipway.canary.statistics.evidence import Decision
from slipway.settings.shadow import Shadow
from slipway.simulation import Fault, Service, Traffic, analyse_rollouts
from slipway.simulation.shadowed_rollouts import ShadowPolls

RATES = (0.2, 1.0, 5.0, 20.0)
FAULTS = (
    Fault("good"),
    Fault("errors +0.5 points, the tolerance", error_points=0.5),
    Fault("errors +2 points", error_points=2.0),
    Fault("latency x1.5, the tolerance", latency_factor=1.5),
    Fault("scores, AUC -0.05", auc_loss=0.05),
)
SERVICE = Service()
DAY = Shadow().max_seconds


def row(fault: Fault, rate: float, *, rollouts: int, seed: int) -> dict[str, Any]:
    """Shares of the candidates that were proven or rejected, and the median time of those."""
    rng = np.random.default_rng([seed, int(10 * rate)])
    traffic = Traffic(SERVICE, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    tolerances = Tolerances(baseline_rows=SERVICE.baseline_rows // 2)
    found = analyse_rollouts(tolerances, ShadowPolls.of(ShadowComparison(tolerances, 1.0, DAY)), traffic)
    ended = found.seconds[found.decisions != Decision.EXTEND]
    return {
        "fault": fault.name,
        "requests_per_second": rate,
        "proven": found.share(Decision.PROMOTE),
        "rejected": found.share(Decision.ROLL_BACK),
        "median_minutes": round(float(np.median(ended)) / 60, 1) if ended.size else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = [row(fault, rate, rollouts=arguments.rollouts, seed=arguments.seed) for fault in FAULTS for rate in RATES]
    if arguments.json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        return 0
    sys.stdout.write("| candidate | requests/s | proven | rejected | median time, minutes |\n|---|---|---|---|---|\n")
    for each in rows:
        minutes = "" if each["median_minutes"] is None else each["median_minutes"]
        sys.stdout.write(
            f"| {each['fault']} | {each['requests_per_second']:g} | {each['proven']:.1%} | {each['rejected']:.1%} "
            f"| {minutes} |\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
