"""train: fit one model on the training split, and write its artifact when the exported graph agrees with it."""

from collections.abc import Sequence

import numpy as np

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import train_model
from pipeline_steps.arguments import StepParser
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.artifact.writing import check_parity, with_gaps, write_artifact
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.baseline.held_out import with_held_out
from pipeline_steps.baseline.training_rows import sketch_of
from pipeline_steps.documents import read_json
from pipeline_steps.log import log
from pipeline_steps.paths import Paths
from pipeline_steps.tables.prepared import read_split, read_use_case


def parser() -> StepParser:
    """The command line of `train`: SageMaker gives no argument, the hyperparameters are in a file."""
    return StepParser("train")


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    parser().parse_args(argv)
    hyperparameters = parse_hyperparameters(read_json(paths.hyperparameters))
    use_case = read_use_case(paths.channel("train"))
    train = read_split(paths.channel("train"), use_case)
    validation = read_split(paths.channel("validation"), use_case)
    checkpoints = paths.checkpoints if paths.checkpoints.is_dir() else None
    trained = train_model(use_case, train, validation, hyperparameters, log=log, checkpoints=checkpoints)
    graph = trained.model.graph()
    gaps = with_gaps(trained.validation_features)
    rows = np.concatenate([trained.validation_features, gaps])
    difference = check_parity(trained.contract, graph, rows, trained.model.predict(rows))
    log(f"exported graph agrees with the fitted model on {len(rows)} rows, largest difference {difference:.2g}")
    problem = trained.contract.problem
    predict = Scorer(graph, problem.output).score  # as the server will, and much faster than scikit-learn
    # of rows that the model was fitted on, its own outputs are better than they will be
    outputs = trained.validation_outputs if trained.folds else predict(trained.validation_features)
    baseline = with_held_out(
        training_distribution(trained.contract.columns, trained.fitted.features, problem.headline(outputs)),
        trained.contract,
        predict=predict,
        features=trained.validation_features,
        outputs=outputs,
        target=trained.validation.target,
    )
    write_artifact(
        paths.model,
        graph=graph,
        contract=trained.contract,
        baseline=baseline,
        metrics={
            **trained.metrics_document(),
            "training_rows": sketch_of(trained.contract.encode(trained.fitted.features), trained.fitted.target),
        },
    )
    log(trained.log_line())
