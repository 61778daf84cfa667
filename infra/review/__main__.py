"""Review the stacks of a use case and of the delivery: cdk-nag, cfn-lint and our own rules, less what is explained.

python -m infra.review [--config FILE] [--stage dev] [--delivery FILE] [--json FILE]

Exit code 1 where something is unexplained.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from infra.review.review import review, review_delivery
from slipway.rounding import counted
from slipway.settings import load_settings

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print every unexplained finding, and the number of each tool's findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=PROJECT / "config" / "shoppers.toml")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--delivery", type=Path, default=PROJECT / "delivery.toml")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-review-") as folder:
        settings = load_settings(arguments.config, arguments.stage)
        found = review(settings, project=PROJECT, out=Path(folder, "use-case"))
        found += review_delivery(arguments.delivery, project=PROJECT, out=Path(folder, "delivery"))
    for finding in found.unexplained:
        sys.stdout.write(f"{finding}\n")
    for tool, count in found.counts.items():
        sys.stdout.write(f"{tool}: {counted(count, 'finding')}, {found.unexplained_by(tool)} unexplained\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(found.figures(), indent=1) + "\n", encoding="utf-8")
    return 1 if found.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
