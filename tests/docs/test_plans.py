"""The plans that a how-to page shows are those that `slipway plan` proposes."""

import re
from pathlib import Path

from slipway.settings import load_settings
from slipway.settings.rollout_plan import proposal

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "how-to" / "roll-out.md"
ROW = re.compile(r"^\| ([\d.]+) \| (a shadow .*, then )?a?\s?(canary|steps) (.*) \| (.*) \|$", re.MULTILINE)


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


def test_the_page_shows_what_is_proposed_for_each_traffic() -> None:
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(rows) == 8
    analysis = load_settings(PROJECT / "config" / "shoppers.toml", "prod").rollout.canary_analysis
    known = {"baseline_rows": analysis.baseline_rows, "scores": analysis.scores}
    for rate, shadow, route, size, margins in rows:
        plan = proposal(float(rate), instances=4, analysis=known)
        kind = "canary" if route == "canary" else "linear"
        assert (rate, plan.route.type, numbers(size)) == (
            rate,
            kind,
            [plan.route.percent, plan.route.bake_seconds / 60],
        )
        errors = [100 * plan.error_tolerance] if plan.shadow else []
        assert numbers(shadow) == ([plan.shadow.most_seconds / 3600] if plan.shadow else [])
        assert numbers(margins) == [*errors, 100 * plan.tolerances.error_tolerance, 100 * plan.tolerances.score_limit]
