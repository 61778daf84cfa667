"""assemble: a transform job's responses beside the rows of the batch, and whether they may be published."""

from collections.abc import Sequence

from pipeline_steps.arguments import StepParser, percentage, positive
from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.batch.assembling import Assembly
from pipeline_steps.batch.batch_report import BatchLimits, BatchReport, prediction_drift
from pipeline_steps.batch.collecting import collected_files
from pipeline_steps.batch.file_names import FAILED_ROWS, MEGABYTE, PLAN, REPORT
from pipeline_steps.batch.requests import scored_rows
from pipeline_steps.documents import read_json, write_json
from pipeline_steps.paths import Paths
from pipeline_steps.tables.use_case import FILE as USE_CASE
from pipeline_steps.tables.use_case import UseCase


def parser() -> StepParser:
    """The command line of `assemble`."""
    made = StepParser("assemble")
    made.add_argument("--max-failed-percent", type=percentage, required=True)
    made.add_argument("--max-prediction-drift", type=positive, required=True)
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step: it succeeds whatever is decided, so that what was refused can be read."""
    arguments = parser().parse_args(argv)
    folder, report = paths.processing_input("plan"), paths.processing_output("report")
    plan, use_case = read_json(folder / PLAN), UseCase.from_document(read_json(folder / USE_CASE))
    contract = Contract.from_document(read_json(folder / "contract.json"))
    baseline = Baseline.from_document(read_json(folder / "baseline.json"), contract)
    with (report / FAILED_ROWS).open("w", encoding="utf-8", newline="\n") as failed:
        assembly = Assembly(contract, use_case.table_format, max_bytes=plan["max_payload_mb"] * MEGABYTE, failed=failed)
        files = assembly.assemble(
            paths.processing_input("source"),
            list(collected_files(plan)),
            scored_rows(paths.processing_input("responses")),
            paths.processing_output("results"),
        )
    made = BatchReport(
        plan["model_package_arn"],
        files,
        prediction_drift(baseline, assembly.predictions),
        BatchLimits(arguments.max_failed_percent, arguments.max_prediction_drift),
    )
    write_json(report / REPORT, made.to_document())
    paths.write_message(made.message)
