"""train: fit one model on the training split, and write its artifact when the exported graph agrees with it."""

from collections.abc import Sequence

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.trained_artifact import rows_to_compare, write_trained
from pipeline_steps.algorithms.training import train_model
from pipeline_steps.arguments import StepParser
from pipeline_steps.documents import read_json
from pipeline_steps.log import log
from pipeline_steps.paths import Paths
from pipeline_steps.tables.prepared import read_split, read_use_case
from pipeline_steps.training_script.running import SCRIPT, run_script


def parser() -> StepParser:
    """The command line of `train`: SageMaker gives no argument, the hyperparameters are in a file."""
    return StepParser("train")


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    parser().parse_args(argv)
    given = read_json(paths.hyperparameters)
    if given.get("algorithm") == SCRIPT:
        run_script(paths)
        return
    hyperparameters = parse_hyperparameters(given)
    use_case = read_use_case(paths.channel("train"))
    train = read_split(paths.channel("train"), use_case)
    validation = read_split(paths.channel("validation"), use_case)
    checkpoints = paths.checkpoints if paths.checkpoints.is_dir() else None
    trained = train_model(use_case, train, validation, hyperparameters, log=log, checkpoints=checkpoints)
    rows = rows_to_compare(trained)
    write_trained(paths.model, trained, rows=rows, fitted=trained.model.predict(rows), log=log)
