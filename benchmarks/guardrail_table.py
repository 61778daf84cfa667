"""What `benchmarks/guardrails.py` prints of its rows: a table a rate, and where its goals are met."""

from typing import Any

import numpy as np

from benchmarks.guardrail_cells import FAULTS, IN_BURSTS, METHODS, OURS, RATES


def print_table(rows: list[dict[str, Any]]) -> None:
    for rate in RATES:
        print(f"\n{rate:g} requests/s    false rollbacks or missed, % / exposed, median / seconds, median")
        print(f"{'':20}" + "".join(f"{method:>24}" for method in METHODS))
        for fault in FAULTS:
            cells = {r["method"]: r for r in rows if r["fault"] == fault.name and r["requests_per_second"] == rate}
            mark = "" if cells["sequential"]["detectable"] is not False else " *"
            row = (_cell(cells[method]) if method in cells else "-" for method in METHODS)
            print(f"{fault.name + mark:20}" + "".join(f"{text:>24}" for text in row))
    print("\n* not detectable within the bake; healthy cells show promotions instead of exposure")
    print("\nerrors in bursts of 10, sequential:  false rollbacks or missed, % / exposed, median / seconds, median")
    for cell in (r for r in rows if r["fault"].endswith(IN_BURSTS)):
        print(f"{_place(cell):44}{_cell(cell):>24}")
    print("\ngood fleets that are slow at first, sequential; at error rates of both fleets, the alarm on errors alone:")
    for cell in (r for r in rows if r["fault"].startswith(("cold", "errors of both"))):
        print(f"{_place(cell):44}{_cell(cell):>24}")
    for method in OURS:
        _print_goals(method, rows, in_full=method == OURS[0])
    print("\nsequential_shipped\nhealthy models rolled back, and for lack of evidence alone, at each rate:")
    for r in (r for r in rows if r["method"] == "sequential_shipped" and r["fault"] == "healthy"):
        print(f"  {r['requests_per_second']:5g}/s {r['false_rollback']:8.1%} {r['without_evidence']:8.1%}")


def _print_goals(method: str, rows: list[dict[str, Any]], *, in_full: bool) -> None:
    ours = [r for r in rows if r["method"] == method]
    worst = max(r["false_rollback"] for r in ours if r["fault"] == "healthy")
    print(
        f"\n{method}\nfalse rollbacks <= 1 %: worst cell {100 * worst:.2f} % ({'met' if worst <= 0.01 else 'NOT met'})"
    )
    found = [r for r in ours if r["detectable"]]
    missed = [f"{_place(r)}: {100 * r['missed']:.1f} %" for r in found if r["missed"] > 0.05]
    print(f"misses <= 5 %: met in {len(found) - len(missed)} of {len(found)} detectable cells {'; '.join(missed)}")
    for peer in ("static_alarms", "static_alarms_5", "aws_sample"):
        wrong = {r["requests_per_second"] for r in rows if r["method"] == peer and (r["false_rollback"] or 0) > 0.01}
        sound = [r for r in found if r["requests_per_second"] not in wrong]
        unmet = _exposed_more(found, rows, peer)
        _print_exposed(f"exposed <= half of {peer}'s", found, unmet)
        if in_full:
            for place, text in unmet.items():
                print(f"  not met: {place}: {text}")
        _print_exposed(f"the same where {peer} keeps false rollbacks <= 1 %", sound, _exposed_more(sound, rows, peer))


ANY_METHOD, CLAIRVOYANT, OPEN = "beyond any method with 1 % of false rollbacks", "beyond the clairvoyant", "open"


def _print_exposed(goal: str, cells: list[dict[str, Any]], unmet: dict[str, str]) -> None:
    reasons = (ANY_METHOD, CLAIRVOYANT, OPEN)
    counted = ", ".join(f"{sum(text.endswith(reason) for text in unmet.values())} {reason}" for reason in reasons)
    print(f"{goal}: met in {len(cells) - len(unmet)} of {len(cells)} detectable cells; of the others {counted}")


def _exposed_more(found: list[dict[str, Any]], rows: list[dict[str, Any]], peer: str) -> dict[str, str]:
    """Where we expose more than half as many, and whether any method could expose fewer."""
    theirs, best = (_exposed(rows, method) for method in (peer, "clairvoyant"))
    reasons = {}
    for r in found:
        other, known = (exposed[r["fault"], r["requests_per_second"]] for exposed in (theirs, best))
        if r["exposed_median"] > other / 2:
            least = np.inf if r["least_exposed"] is None else r["least_exposed"]
            reach = ANY_METHOD if least > other / 2 else CLAIRVOYANT if known > other / 2 else OPEN
            figures = f"{r['exposed_median']:,.0f} against {other:,.0f}, clairvoyant {known:,.0f}, least {least:,.0f}"
            reasons[_place(r)] = f"{figures}: {reach}"
    return reasons


def _exposed(rows: list[dict[str, Any]], method: str) -> dict[tuple[str, float], float]:
    return {(r["fault"], r["requests_per_second"]): r["exposed_median"] for r in rows if r["method"] == method}


def _place(r: dict[str, Any]) -> str:
    return f"{r['fault']} at {r['requests_per_second']:g}/s"


def _cell(r: dict[str, Any]) -> str:
    if r["missed"] is None:
        return f"{100 * r['false_rollback']:.1f} / {100 * r['promoted']:.0f} % / {r['seconds_median']:.0f}"
    return f"{100 * r['missed']:.1f} / {r['exposed_median']:,.0f} / {r['seconds_median']:.0f}"
