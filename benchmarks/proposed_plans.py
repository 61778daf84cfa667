"""What `benchmarks/guardrails.py` measures of our analysis with the plan that `slipway plan` proposes."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.guardrail_cells import COLD, FALSE_ROLLBACK_RATE, FAULTS, SERVICE, row
from benchmarks.measured_rows import Row
from slipway.canary.config import Tolerances
from slipway.canary.proposal import DECIDE_SECONDS, ProposedRollout, propose
from slipway.canary.statistics.non_inferiority import normal_quantile
from slipway.settings.canary_analysis import CanaryAnalysis
from slipway.settings.rollout import Rollout
from slipway.simulation import Fault, Service, Traffic, reference_dispersions
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending, roll_out, whole_polls
from slipway.simulation.error_alarm import ErrorAlarm

METHOD, INSTANCES = "proposed", 4
RATES = (1.0, 5.0, 20.0, 100.0)
HISTORIES = 500
"""Of the hours before; four rollouts share one."""
GOOD_PROMOTED, FALSE_PROMOTION_RATE, DAY = 0.9, 0.05, 86_400
ON_EVIDENCE = (Ending.BY_ANALYSIS, Ending.BY_ALARM)
MARGIN, IN_BURSTS = "errors at the margin", "healthy, errors in bursts of 10"


@dataclass(frozen=True)
class Cell:
    """One kind of rollout: what is wrong with the new model, if anything, and what the service is like."""

    name: str
    fault: Fault = FAULTS[0]
    service: Service = SERVICE
    at_margin: bool = False
    """Whether it fails more by what the plan tolerates."""


CELLS = (
    *(Cell(fault.name, fault) for fault in FAULTS),
    Cell(MARGIN, at_margin=True),
    *(Cell(f"healthy, {fault.name}", fault) for fault in COLD),
    *(
        Cell(f"{IN_BURSTS} {how}", service=replace(SERVICE, bursts=(10, 1, 1), burst_seconds=seconds))
        for how, seconds in (("at once", 0), ("over 30 s", 30), ("over 60 s", 60), ("over 120 s", 120))
    ),
    Cell("healthy, both fleets drift twice as much", service=replace(SERVICE, drift=(0.6, 0.2, 0.2))),
    Cell("healthy, four times the traffic by day", service=replace(SERVICE, daily_rise=3.0)),
    Cell(
        f"{IN_BURSTS} over 60 s, four times the traffic by day",
        service=replace(SERVICE, daily_rise=3.0, bursts=(10, 1, 1), burst_seconds=60),
    ),
    *(
        Cell(
            f"worse by the margin, errors in bursts of 10 over {seconds} s",
            service=replace(SERVICE, bursts=(10, 1, 1), burst_seconds=seconds),
            at_margin=True,
        )
        for seconds in (60, 120)
    ),
)


def facts(name: str, rate: float, *, rollouts: int, seed: int) -> Row:
    """What a row is of."""
    of = {"method": METHOD, "fault": name, "requests_per_second": rate, "rollouts": rollouts, "seed": seed}
    return {**of, "detectable": None, "least_exposed": None}


def measure_proposed(name: str, rate: float, *, rollouts: int, seed: int) -> Row:
    """One cell; nothing is gated, so the broken schema is left to the analysis too."""
    number, cell = next((n, each) for n, each in enumerate(CELLS) if each.name == name)
    plan = propose(rate, instances=INSTANCES, tolerances=Tolerances(baseline_rows=SERVICE.baseline_rows))
    fault, simulated = cell.fault, configured(plan)
    if cell.at_margin:
        fault = Fault(name, error_points=100 * plan.tolerances.error_tolerance)
    rng = np.random.default_rng([seed, 100 + number, RATES.index(rate)])
    traffic = Traffic(cell.service, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    dispersion = reference_dispersions(simulated.tolerances or plan.tolerances, traffic, most=HISTORIES)
    ended = roll_out(simulated, traffic, dispersion=dispersion)
    found = row(METHOD, ended.results(), fault, facts(name, rate, rollouts=rollouts, seed=seed))
    return {
        **found,
        "false_rollback": ended.share(*ON_EVIDENCE) if fault.healthy else None,
        "on_evidence": ended.share(*ON_EVIDENCE),
        "without_evidence": ended.share(Ending.WITHOUT_EVIDENCE),
        "by_alarm": ended.share(Ending.BY_ALARM),
        "beyond_margin": _is_beyond(fault, plan),
        "plan": {**plan.rollout(), **plan.analysis(), "seconds": plan.seconds},
    }


def _is_beyond(fault: Fault, plan: ProposedRollout) -> bool:
    """Whether the model is at the margin of the plan or worse, so that 5 % may be promoted."""
    tolerances = plan.tolerances
    return (
        fault.error_points >= 100 * tolerances.error_tolerance or fault.latency_factor >= tolerances.latency_tolerance
    )


def configured(plan: ProposedRollout) -> ConfiguredRollout:
    """As the settings that `slipway plan` prints."""
    rollout = Rollout(**plan.rollout(), canary_analysis=CanaryAnalysis(**plan.analysis()))
    shares, seconds = plan.route.shares(INSTANCES), plan.route.bake_seconds
    return ConfiguredRollout(
        bakes=(*((share, seconds) for share in shares), (1.0, plan.final_bake_seconds)),
        alarm=ErrorAlarm(rollout),
        tolerances=replace(plan.tolerances, warm_up_seconds=rollout.grace_seconds),
        decide_seconds=DECIDE_SECONDS,
        poll_seconds=whole_polls(rollout),
    )


def print_proposed(rows: list[Row]) -> None:
    """A table of the cells, and the goals that are not met."""
    ours = [found for found in rows if found["method"] == METHOD]
    print("\nproposed: promoted +- 95 % / rolled back on evidence +- / by the alarm / exposed within the hour, median")
    for found in ours:
        exposed = "" if found["exposed_median"] is None else f"{found['exposed_median']:,.0f}"
        widths = [half_width(found[name], found["rollouts"]) for name in ("promoted", "on_evidence")]
        print(
            f"{_place(found):58}{found['promoted']:7.1%} +-{widths[0]:.1%}{found['on_evidence']:8.2%} +-{widths[1]:.2%}"
            f"{found['by_alarm']:7.2%}{exposed:>9}"
        )
    for goal, unmet in _unmet(ours).items():
        print(f"{goal}: {'met' if not unmet else 'NOT met: ' + '; '.join(unmet)}")


def _unmet(rows: list[Row]) -> dict[str, list[str]]:
    """By goal, where it is not met."""
    good = [found for found in rows if found["false_rollback"] is not None]
    plain = [found for found in good if found["fault"] == FAULTS[0].name]
    worse = [found for found in rows if found["beyond_margin"]]
    return {
        "good models promoted >= 90 %": [_figure(f, "promoted") for f in plain if f["promoted"] < GOOD_PROMOTED],
        "within a day": [_place(f) for f in plain if f["plan"]["seconds"] > DAY],
        "good models rolled back on evidence <= 1 %": [
            _figure(f, "false_rollback") for f in good if f["false_rollback"] > FALSE_ROLLBACK_RATE
        ],
        "models at the margin or beyond promoted <= 5 %": [
            _figure(f, "promoted") for f in worse if f["promoted"] > FALSE_PROMOTION_RATE
        ],
    }


def _place(found: Row) -> str:
    return f"{found['fault']} at {found['requests_per_second']:g}/s"


def _figure(found: Row, name: str) -> str:
    return f"{_place(found)} {found[name]:.2%}"


def half_width(share: float, rollouts: int) -> float:
    """Half of Wilson's interval of 95 %."""
    z = normal_quantile(0.025)
    return z * float(np.sqrt(share * (1 - share) / rollouts + z * z / (4 * rollouts**2))) / (1 + z * z / rollouts)
