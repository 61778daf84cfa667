"""What `benchmarks/guardrails.py` measures of our analysis with the plan that `slipway plan` proposes."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.guardrail_cells import COLD, FAULTS, SERVICE, row
from slipway.canary.config import Tolerances
from slipway.canary.proposal import DECIDE_SECONDS, ProposedRollout, propose
from slipway.canary.statistics.non_inferiority import normal_quantile
from slipway.settings.canary_analysis import CanaryAnalysis
from slipway.settings.rollout import Rollout
from slipway.simulation import Fault, Service, Traffic
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending, roll_out, whole_polls
from slipway.simulation.error_alarm import ErrorAlarm

METHOD, INSTANCES = "proposed", 4
RATES = (1.0, 5.0, 20.0, 100.0)
MARGIN, IN_BURSTS = "errors at the margin", "healthy, errors in bursts of 10"


@dataclass(frozen=True)
class Cell:
    """One kind of rollout: what is wrong with the new model, if anything, and what the service is like."""

    name: str
    fault: Fault = FAULTS[0]
    service: Service = SERVICE


CELLS = (
    *(Cell(fault.name, fault) for fault in FAULTS),
    Cell(MARGIN),
    *(Cell(f"healthy, {fault.name}", fault) for fault in COLD),
    *(
        Cell(f"{IN_BURSTS} {how}", service=replace(SERVICE, bursts=(10, 1, 1), burst_seconds=seconds))
        for how, seconds in (("at once", 0), ("over 30 s", 30), ("over 60 s", 60), ("over 120 s", 120))
    ),
    Cell("healthy, both fleets drift twice as much", service=replace(SERVICE, drift=(0.6, 0.2, 0.2))),
    Cell("healthy, four times the traffic by day", service=replace(SERVICE, daily_rise=3.0)),
)


def measure_proposed(name: str, rate: float, *, rollouts: int, seed: int) -> dict[str, Any]:
    """One cell; nothing is gated, so the broken schema is left to the analysis too."""
    number, cell = next((n, each) for n, each in enumerate(CELLS) if each.name == name)
    plan = propose(rate, instances=INSTANCES, tolerances=Tolerances(baseline_rows=SERVICE.baseline_rows))
    fault = cell.fault
    if name == MARGIN:
        fault = Fault(name, error_points=100 * plan.tolerances.error_tolerance)
    rng = np.random.default_rng([seed, 100 + number, RATES.index(rate)])
    traffic = Traffic(cell.service, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    ended = roll_out(configured(plan), traffic)
    facts = {
        "fault": name,
        "requests_per_second": rate,
        "rollouts": rollouts,
        "detectable": None,
        "least_exposed": None,
    }
    found = row(METHOD, ended.results(), fault, facts)
    on_evidence = ended.share(Ending.BY_ANALYSIS, Ending.BY_ALARM)
    return {
        **found,
        "false_rollback": on_evidence if fault.healthy else None,
        "without_evidence": ended.share(Ending.WITHOUT_EVIDENCE),
        "by_alarm": ended.share(Ending.BY_ALARM),
        "plan": {**plan.rollout(), **plan.analysis(), "seconds": plan.seconds},
    }


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


def print_proposed(rows: list[dict[str, Any]]) -> None:
    """A table of the cells, with the goals that are not met."""
    print("\nproposed: promoted / rolled back on evidence / by the alarm / exposed within the hour, median; +- 95 %")
    for found in (r for r in rows if r["method"] == METHOD):
        back = 1 - found["promoted"] - found["without_evidence"]
        exposed = "" if found["exposed_median"] is None else f"{found['exposed_median']:8,.0f}"
        place = f"{found['fault']} at {found['requests_per_second']:g}/s"
        print(
            f"{place:52}{found['promoted']:7.1%}{back:7.2%}"
            f"{found['by_alarm']:7.2%}{exposed:>9}  +-{_width(found['promoted'], found['rollouts']):.1%}"
        )


def _width(share: float, rollouts: int) -> float:
    """Half of Wilson's interval."""
    z = normal_quantile(0.025)
    return z * float(np.sqrt(share * (1 - share) / rollouts + z * z / (4 * rollouts**2))) / (1 + z * z / rollouts)
