"""Limits that more than one section keeps to, most of them AWS's."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

MOST_REQUEST_BYTES = 25 * 1024 * 1024
"""Of one invocation of a real-time endpoint. "The payload limits are 25 MB for real-time endpoints":
https://docs.aws.amazon.com/sagemaker/latest/dg/hosting-faqs.html; 6 MB in older pages."""
MOST_SERVERLESS_BYTES = 4 * 1024 * 1024
"""Of a request to a serverless endpoint, and of its response:
https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html."""

LEAST_TRAFFIC, MOST_TRAFFIC = 0.0001, 1_000_000
"""Requests a second that are planned with: less than one in the quietest hour, and more than any endpoint gets."""


@dataclass(frozen=True)
class MapLimit:
    """What SageMaker takes as an environment or as hyperparameters: how many entries, and characters of each."""

    entries: int
    key: int
    value: int

    def errors(self, given: Mapping[str, str]) -> Iterator[str]:
        """Each limit that `given` breaks, in words that follow the name of the setting."""
        if len(given) > self.entries:
            yield f"must have at most {self.entries} entries, got {len(given)}"
        for name, value in given.items():
            if len(name) > self.key:
                yield f"must have names of at most {self.key} characters, got {len(name)} in {name[:40]}…"
            if len(value) > self.value:
                yield f"must have values of at most {self.value} characters, got {len(value)} in {name}"


MODEL_ENVIRONMENT = MapLimit(entries=100, key=1024, value=1024)
"""CreateModel and CreateModelPackage; what follows is from botocore's model of SageMaker as this is."""
HYPERPARAMETERS = MapLimit(entries=100, key=256, value=2500)

MOST_DRIFT = 5.0
"""The largest limit on a population stability index: 0.25 is much, and distributions apart come to about 10."""

RESOURCE_NAME_LENGTH = 63
"""Of SageMaker jobs, models, endpoint configs and endpoints."""

MOST_TRANSFORM_MB = 100
"""Of MaxPayloadInMB times MaxConcurrentTransforms of a transform job."""
MOST_TUNING_JOBS = 750
"""Training jobs of a tuning job."""
MOST_RANGES = 30
"""Searched hyperparameters of a tuning job, of all kinds together."""
MOST_CATEGORIES = 30
"""Values of one categorical range."""


def combinations(choices: Iterable[int | None]) -> int | None:
    """How many combinations the ranges of a tuning job have; None where one is continuous, and has no end of values.

    Args:
        choices: for each range how many values it has: of a category its values, of an integer MaxValue - MinValue + 1;
            None for a continuous one.
    """
    known = list(choices)
    return None if None in known else prod(count for count in known if count is not None)
