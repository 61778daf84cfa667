"""Which methods stop a bad model, and which a good one: canary analysis and its peers over the same simulated rollouts.

Usage: python benchmarks/guardrails.py [--rollouts 2000] [--seed 20261122] [--jobs 2] [--json FILE]
                                       [--proposed [--rates RATE ...] [--cells PART ...]]

With --json the cells are written to FILE one by one, and what it has already, by as many rollouts and the same seed, is
not measured again: so the proposed plans can be taken in parts, and a run that was stopped goes on. A FILE of other
code is to be deleted first.

Every rollout is a canary of 25 % for 10 minutes, beside 75 % on the old fleet, under one fault and one traffic rate.
All methods see the same requests. Error rate, latency and the mix of users vary from minute to minute for both fleets;
two healthy fleets differ by 2 % in latency; the score ranks of the new model come from 2,440 rows.

  sequential        ours: the contract gate, then canary analysis that polls every 10 s what the servers report of
                    their requests, and once a minute what SageMaker reports of the same; without a decision after 10
                    minutes the canary stays at 25 %, for an hour at most
  sequential_without_gate
                    canary analysis alone, where the gate makes a difference
  sequential_alarm  ours, and beside it the alarm on errors that every use case has, with its defaults (above 5 % of a
                    minute's responses, of 20 at least, 5 errors at least, and clearly more than the old fleet's), all
                    through the hour; the first to object counts
  sequential_shipped
                    ours as a use case gets it by default: SageMaker cannot extend a bake, so the decision is due 120 s
                    before the 10 minutes end, and a model without one is rolled back (without_evidence, a part of
                    false_rollback); analysis and alarm on errors may roll back until the bake ends
  sequential_minute ours without the gate and by SageMaker's metrics alone, once a minute
  static_alarms     CloudWatch alarms a minute long: errors above 1 % or p99 latency above twice the usual
  static_alarms_5   the same with errors above 5 %
  aws_sample        the same with errors as AWS's samples write "1 %": Average >= 1
  mann_whitney      as Kayenta's judge (tolerance 0.25, confidence 0.98) on minutes of errors, p99 latency and mean
                    score rank, after 5 and 10 minutes; any metric can fail the canary
  fixed_thresholds  as Flagger's: each minute success >= 99 % and p99 <= twice the usual; five failed checks roll back
  clairvoyant       a yardstick that cannot exist: given the fault and all that varies, this minute's and this fleet's
                    values too, it is the sequential likelihood-ratio test of the new fleet's blocks of 10 s (latencies
                    to within a bin), with the limit that 1 % of other healthy rollouts exceed in 10 minutes

  proposed          ours with the plan that `slipway plan` proposes for the traffic, on four instances, to its end, and
                    without a gate. A model without a decision is rolled back; false_rollback counts those rolled back
                    on evidence, `without_evidence` the others. Its cells are its own, at 1 to 100 requests a
                    second: the faults above, errors at the very margin, and good models of services with slow starts,
                    errors in bursts, twice the drift of both fleets, and four times the traffic by day

Left out of ours are the replay gate and the alarms on latency (its default is in milliseconds, this service has no
unit) and on the drift of inputs and scores. A decision counts at once; SageMaker acts on it when its alarm is
evaluated. Metrics are available at once, the peers' too.

The broken schema is a contract with two columns exchanged. The gate, which runs here, rejects it before any user: 0
exposed after 0 s; if it ever passed, ours would have the figures of canary analysis. All others get it as 100 points of
errors.

false_rollback: healthy rollouts rolled back. missed: faulty ones not rolled back within the hour; of these the analysis
`promoted` some, and had no decision on the others. exposed: responses of the faulty model within the hour, all requests
after a promotion included. A cell is detectable where a likelihood-ratio test with both distributions given, made once
at the end of the 10 minutes, would be right 19 times in 20 at a false alarm rate of 1 %.
In the cells with bursts failed responses come ten in a row, in either fleet; ours is alone there, since the clairvoyant
and what is detectable take requests for independent.
In the cells "cold" a good fleet is slow at first; ours leaves out a minute of it by default, and none where that is
named. In the cells "errors of both fleets" the alarm on errors is alone, to the end of a bake of 2 minutes with all
traffic.
least_exposed: the median exposure that no method on these blocks with at most 1 % of false rollbacks can go below, by
the likelihood ratio that the clairvoyant uses (Neyman and Pearson; `benchmarks.clairvoyant`).
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

from benchmarks.guardrail_cells import (
    BURST_FAULTS,
    BURST_RATES,
    CALIBRATION,
    COLD,
    COLD_RATES,
    ERROR_RATES,
    FAULTS,
    RATES,
    Calibration,
    contract_rejections,
    measure,
    measure_bursts,
    measure_cold,
    measure_error_alarm,
)
from benchmarks.guardrail_table import print_table
from benchmarks.measured_rows import MeasuredRows
from benchmarks.proposed_plans import CELLS, facts, measure_proposed, print_proposed
from benchmarks.proposed_plans import RATES as PROPOSED_RATES


def main(argv: Sequence[str] | None = None) -> None:
    arguments = _parser().parse_args(argv)
    started = time.monotonic()
    measured = MeasuredRows(arguments.json)
    _proposed(arguments, measured)
    if not arguments.proposed:
        measured.add(*_beside_others(arguments))
        print_table(measured.rows)
    print_proposed(measured.rows)
    sys.stderr.write(f"{time.monotonic() - started:.0f} s\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=_whole(1), default=2000, help="a cell (default: %(default)s)")
    parser.add_argument("--seed", type=_whole(0), default=20261122)
    parser.add_argument("--jobs", type=_whole(1), default=2, help="processes (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the rows here, beside those that it has")
    parser.add_argument("--proposed", action="store_true", help="measure the proposed plans alone")
    rates = parser.add_argument("--rates", type=float, nargs="+", choices=PROPOSED_RATES, default=PROPOSED_RATES)
    rates.help = "requests a second of the proposed plans"
    about = "of the proposed plans those alone whose name has one of these parts"
    parser.add_argument("--cells", nargs="+", default=[""], metavar="PART", help=about)
    return parser


def _whole(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {least}, got {text}")
        return int(text)

    return number


def _proposed(arguments: argparse.Namespace, measured: MeasuredRows) -> None:
    """The cells that were asked for and that the file does not have."""
    made_by = {"rollouts": arguments.rollouts, "seed": arguments.seed}
    names = [cell.name for cell in CELLS if any(part in cell.name for part in arguments.cells)]
    if not names:
        sys.exit(f"--cells must be a part of a cell's name, got {' '.join(arguments.cells)}")
    wanted = [(name, rate) for rate in arguments.rates for name in names]
    missing = [place for place in wanted if not measured.has(facts(*place, **made_by))]
    if arguments.jobs == 1:
        for place in missing:
            measured.add(measure_proposed(*place, **made_by))
        return
    with ProcessPoolExecutor(max_workers=arguments.jobs) as pool:
        for found in as_completed([pool.submit(measure_proposed, *place, **made_by) for place in missing]):
            measured.add(found.result())


def _beside_others(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The canary of 25 % for ten minutes by every method."""
    rejected = bool(contract_rejections())
    one_cell = partial(measure, rollouts=arguments.rollouts, seed=arguments.seed, rejected=rejected)
    calibrate = partial(Calibration.at, rollouts=CALIBRATION * arguments.rollouts, seed=arguments.seed)
    in_bursts = partial(measure_bursts, rollouts=arguments.rollouts, seed=arguments.seed)
    cold = partial(measure_cold, rollouts=arguments.rollouts, seed=arguments.seed)
    alarmed = partial(measure_error_alarm, rollouts=arguments.rollouts, seed=arguments.seed)
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(max_workers=arguments.jobs) as pool:
        for rate, calibration in zip(RATES, pool.map(calibrate, RATES), strict=True):
            healthy = [calibration.ratios.get(fault.name) for fault in FAULTS]
            for cell in pool.map(one_cell, FAULTS, repeat(rate), healthy):
                rows.extend(cell)
        cells = [(fault, rate) for rate in BURST_RATES for fault in BURST_FAULTS]
        rows.extend(pool.map(in_bursts, *zip(*cells, strict=True)))
        for found in pool.map(cold, *zip(*((fault, rate) for rate in COLD_RATES for fault in COLD), strict=True)):
            rows.extend(found)
        rows.extend(pool.map(alarmed, *zip(*((of, rate) for of in ERROR_RATES for rate in RATES), strict=True)))
    return rows


if __name__ == "__main__":
    main()
