"""Where in the artifacts bucket the requests of an endpoint, their outcomes and what is computed from them lie."""

CAPTURE_PREFIX = "capture"
"""Captured requests, hour by hour."""
OUTCOME_PREFIX = "outcomes"
"""What came of them, as the team reports it."""
REPORT_PREFIX = "monitoring"
"""What the monitoring job found."""
CHECKPOINT_PREFIX = "canary-analysis"
"""What the analysis of a rollout has joined, poll by poll."""
CHAMPION_VERSION = "{champion_version}"
"""Stands in the arguments of the gates' job for the version of the live package, which a rollout finds out."""


def capture_folder(endpoint: str, variant: str, version: str = "") -> str:
    """The prefix of a variant's captured requests.

    Args:
        endpoint: its name.
        variant: of the endpoint; SageMaker itself adds the two, and the hour.
        version: of the package, where each fleet captures below a prefix of its own.
    """
    return f"{capture_destination(endpoint, version)}/{endpoint}/{variant}/"


def capture_destination(endpoint: str, version: str = "") -> str:
    """What the endpoint config names."""
    return f"{CAPTURE_PREFIX}/{endpoint}/{version}" if version else CAPTURE_PREFIX


def package_version(package_arn: str) -> str:
    """The last part of a package's ARN."""
    return package_arn.rpartition("/")[2]
