"""What a training script is given: encoded rows of both splits, and the hyperparameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pipeline_steps.algorithms.algorithm import Rows
from pipeline_steps.algorithms.hyperparameters import DATA_FINGERPRINT, Hyperparameters
from pipeline_steps.algorithms.trial import Trial
from pipeline_steps.artifact.contract import encode_table
from pipeline_steps.documents import read_json
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.features.layout import width_of
from pipeline_steps.log import log
from pipeline_steps.paths import Paths
from pipeline_steps.tables.prepared import Split, read_split, read_use_case
from pipeline_steps.training_script.running import SCRIPT

_NOT_THE_SCRIPTS = frozenset({"algorithm", "seed", DATA_FINGERPRINT})


@dataclass(frozen=True)
class TrainingData:
    """Both splits as the model is served: a column of float32 for each column of a request, NaN where it is missing.

    A text's is its number of characters; behind all of them are the counts of each text's n-grams, by bucket.

    Attributes:
        hyperparameters: the script's own, as text, which is how SageMaker passes them.
        seed: of the search and of training.
        columns: of the contract, in the order of the features.
        checkpoints: a folder that outlives an interrupted spot job; None where the job has none.
        model_folder: where the artifact goes.
    """

    hyperparameters: Mapping[str, str]
    seed: int
    columns: tuple[FeatureColumn, ...]
    checkpoints: Path | None
    model_folder: Path
    trial: Trial
    splits: Mapping[str, Split]

    @cached_property
    def train(self) -> Rows:
        """The rows to fit; the target is 0 or 1, the place of the class, or the number."""
        return self._encoded(self.splits["train"])

    @cached_property
    def validation(self) -> Rows:
        """The rows that decide when to stop, and that the metrics and the decision are of."""
        return self._encoded(self.splits["validation"])

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the outputs; empty where the target has none."""
        return self.trial.use_case.classes

    @property
    def categories(self) -> tuple[int, ...]:
        """Of each column of the features the number of its codes, 0, 1, 2, …; 0 of one that holds numbers."""
        own = [len(each.categories) + 1 if isinstance(each, CategoryColumn) else 0 for each in self.columns]
        return (*own, *(0 for _ in range(width_of(self.columns) - len(own))))

    @property
    def output(self) -> str:
        """The name that the graph's output must have; that of its input is `features`."""
        return self.trial.problem.output

    def hyperparameter(self, name: str, default: float) -> float:
        """Give a number among the hyperparameters, or the default where the search has no such one."""
        return float(self.hyperparameters.get(name, default))

    def _encoded(self, split: Split) -> Rows:
        return Rows(encode_table(self.columns, split.features), np.array(split.target))  # frameworks want to own it


def read_training_data(paths: Paths | None = None) -> TrainingData:
    """Read the job's channels and hyperparameters.

    Raises:
        StepError: the files are not what SageMaker lays before a training job.
    """
    paths = paths or Paths.from_environment()
    given = {name: str(value) for name, value in read_json(paths.hyperparameters).items()}
    own = {name: value for name, value in given.items() if not name.startswith(("_", "sagemaker_"))}
    seed = int(own.get("seed", 0))
    mine = {name: value for name, value in own.items() if name not in _NOT_THE_SCRIPTS}
    use_case = read_use_case(paths.channel("train"))
    splits = {name: read_split(paths.channel(name), use_case) for name in ("train", "validation")}
    checkpoints = paths.checkpoints if paths.checkpoints.is_dir() else None
    trial = Trial(use_case, Hyperparameters(SCRIPT, {**mine, "seed": seed}), log, checkpoints)
    train = splits["train"]
    columns = fit_columns(use_case, train.features, trial.problem.category_order(train.target))
    return TrainingData(mine, seed, columns, checkpoints, paths.model, trial, splits)
