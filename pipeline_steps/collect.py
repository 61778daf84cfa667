"""collect: the files of a batch as the input of a transform job, for the newest approved model of the registry."""

from collections.abc import Sequence

from pipeline_steps.arguments import StepParser, whole
from pipeline_steps.batch.approved_model import find_approved
from pipeline_steps.batch.collecting import Collection, copy_sources
from pipeline_steps.batch.file_names import MEGABYTE, PLAN
from pipeline_steps.documents import read_json, the_one_file, write_json
from pipeline_steps.paths import Paths
from pipeline_steps.rounding import counted
from pipeline_steps.tables.use_case import FILE as USE_CASE
from pipeline_steps.tables.use_case import UseCase


def parser() -> StepParser:
    """The command line of `collect`."""
    made = StepParser("collect")
    made.add_argument("--model-package-group", required=True)
    made.add_argument("--max-payload-mb", type=whole, required=True)
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)

    session = aws_session()
    model = find_approved(arguments.model_package_group, sagemaker=session.client("sagemaker"), s3=session.client("s3"))
    use_case = UseCase.from_document(read_json(the_one_file(paths.processing_input("use_case"), "*.json")))
    given = paths.processing_input("batch")
    collection = Collection(
        model.artifact.contract.columns, use_case.table_format, max_bytes=arguments.max_payload_mb * MEGABYTE
    )
    files = collection.collect(given, paths.processing_output("requests"))
    copy_sources(given, paths.processing_output("source"))
    plan = paths.processing_output("plan")
    for name in ("contract.json", "baseline.json"):
        (plan / name).write_bytes(model.artifact.files[name])
    write_json(plan / USE_CASE, use_case.to_document())
    document = {
        "version": 1,
        "model_package_arn": model.package_arn,
        "max_payload_mb": arguments.max_payload_mb,
        "files": [file.to_document() for file in files],
    }
    write_json(plan / PLAN, document)
    rows, sent = (sum(numbers) for numbers in zip(*((file.rows, file.sent) for file in files), strict=True))
    paths.write_message(
        f"Completed: {sent:,} of {rows:,} rows in {counted(len(files), 'file')} go to {model.package_arn}."
    )
