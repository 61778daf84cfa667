"""The scoring of files: what is read, what a transform job may take, and when its results are not published."""

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from slipway.settings.batch_query import BatchQuery
from slipway.settings.limits import MOST_DRIFT, MOST_TRANSFORM_MB
from slipway.settings.schedule import Cron, TimeZone
from slipway.settings.section import InstanceType, Section, matching, raise_each

Prefix = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9][A-Za-z0-9._=/-]*/$",
        "a prefix of letters, digits and . _ = - that ends with a slash, such as score/",
        max_length=200,
    ),
]
_TRAINING_PREFIX = "data/"
_TRANSFORM_FAMILY = re.compile(
    r"^ml\.(m4|c4|p2|p3|c5|m5|[cmr][67]i|g4dn|g5|trn1|inf2|g6e?)\.[a-z0-9]+$",
)
"""Of TransformInstanceType in SageMaker's API: no t2, t3, r5, nor types with a d for disks."""


class Batch(Section):
    """Scoring of files, on demand and on a schedule, with the newest approved model."""

    input: Prefix = "score/"
    """Prefix in the data bucket whose files are scored: CSV with a header, lines of JSON, or Parquet."""
    schedule: Cron | None = None
    """When all files of the prefix, or the rows of `query`, are scored, as an EventBridge cron expression; without it,
    on demand alone."""
    timezone: TimeZone = "UTC"
    """Time zone of the schedule, by its name in the IANA database."""
    instance_type: InstanceType = "ml.m5.large"
    """Instance type of the transform job."""
    instance_count: int = Field(1, ge=1, le=100)
    """Instances of the transform job; each takes parts of 100,000 rows."""
    max_payload_mb: int = Field(6, ge=1, le=20)
    """Largest request that SageMaker makes of several rows."""
    max_concurrent_requests: int = Field(2, ge=1, le=16)
    """Requests that an instance gets at the same time."""
    max_failed_percent: float = Field(1.0, ge=0, le=100)
    """Most rows without a prediction, of all; above it nothing is published."""
    max_prediction_drift: float = Field(0.25, gt=0, le=MOST_DRIFT)
    """Largest drift of the predictions from the model's own, as a population stability index; above it nothing is
    published."""
    keep_days: int = Field(90, ge=1, le=3650)
    """Days that results, and what led to them, are kept."""
    query: BatchQuery | None = None
    """A query of Athena whose rows are scored instead of the prefix."""

    @model_validator(mode="after")
    def _fits_sagemaker(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        if self.input.startswith(_TRAINING_PREFIX):
            yield f"input must not lie below {_TRAINING_PREFIX}, which is the training data, got {self.input}"
        at_once = self.max_payload_mb * self.max_concurrent_requests
        if at_once > MOST_TRANSFORM_MB:
            yield (
                f"max_payload_mb times max_concurrent_requests must be at most {MOST_TRANSFORM_MB}, got {at_once}: "
                "SageMaker refuses the job"
            )
        if not _TRANSFORM_FAMILY.match(self.instance_type):
            yield (
                f"instance_type must be one that transform jobs run on, such as ml.m5.large or ml.c6i.xlarge, got "
                f"{self.instance_type}"
            )
