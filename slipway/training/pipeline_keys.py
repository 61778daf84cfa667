"""Where in the artifacts bucket each kind of job writes: what a role may read or write there is narrowed to it."""

PIPELINE = "pipeline"
MODELS = f"{PIPELINE}/models"
"""A folder a training job: SageMaker writes `output/model.tar.gz` below it."""

CHECKPOINTS = f"{PIPELINE}/checkpoints"
"""Where spot jobs keep what they have reached; of no use once they have ended."""

PROMOTED = f"{PIPELINE}/promoted"
"""Copies of an earlier stage's models and metrics, each in a folder named after its sha256."""

SPLITS = f"{PIPELINE}/splits"
"""A folder an execution: all that has users' rows, and expires."""

PREPARED = (f"{SPLITS}/*", f"{PIPELINE}/*/prepare/profile/*")
EVALUATED = (f"{PIPELINE}/*/evaluate/*",)
TRAINED = (f"{MODELS}/*", f"{CHECKPOINTS}/*")
"""What one kind of job writes, as an IAM policy's patterns."""

MODEL_ARCHIVES = (
    f"{MODELS}/*/output/model.tar.gz",
    f"{PIPELINE}/*/evaluate/model/model.tar.gz",
    f"{PROMOTED}/*/model.tar.gz",
)
"""The archives that a package may name."""

READ_BY_PROMOTION = (
    f"{MODELS}/*/output/model.tar.gz",
    f"{PIPELINE}/*/evaluate/model/model.tar.gz",
    f"{PIPELINE}/*/evaluate/evaluation/evaluation.json",
    f"{PIPELINE}/*/evaluate/evaluation/explainability.json",
    f"{PIPELINE}/*/prepare/profile/profile.json",
    f"{PROMOTED}/*",
)
"""All that the promotion of a package reads: never the splits, which have users' rows."""
