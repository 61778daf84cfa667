"""The section of `report.html` on an experiment: what each arm has earned, and how the weights have moved."""

import html
from typing import Any

from rehearsal.console.page_parts import table

_MOST_MOMENTS = 24


def experiment_section(found: dict[str, Any]) -> str:
    """Empty where there was none."""
    if "arms" not in found:
        return ""
    arms = [
        [
            arm["variant"],
            arm["package"].rpartition("/")[2],
            f"{arm['requests']:,}",
            "" if arm["mean"] is None else f"{arm['mean']:.4g}",
            f"{found['true_means'][arm['variant']]:.4g}",
            f"{arm['difference']:+.4g} ({arm['low']:+.4g} to {arm['high']:+.4g})" if "difference" in arm else "",
        ]
        for arm in found["arms"]
    ]
    first = found["history"][0]["at"] if found["history"] else ""
    moments = [
        [moment["at"], *(f"{weight:.0%}" for weight in moment["weights"]), f"{sum(moment['outcomes']):,.0f}"]
        for moment in found["history"][-_MOST_MOMENTS:]
        if moment["weights"]
    ]
    regret = f"estimated {found['estimated_regret']:,.1f}, by the true means {found['true_regret']:,.1f}"
    return "".join(
        (
            "<h2>Experiment</h2>",
            f"<p>{html.escape(found['outcome'])}: {html.escape(found['reason'])}.</p>",
            f"<p>Regret, the reward forgone by requests that the best arm did not get: {regret}.</p>",
            table(["variant", "version", "outcomes", "mean", "true mean", "difference (interval)"], arms),
            f"<p>Weights since {html.escape(first)}:</p>",
            table(["time", *(arm["variant"] for arm in found["arms"]), "outcomes"], moments),
        )
    )
