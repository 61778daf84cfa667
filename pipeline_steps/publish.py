"""publish: checked results to where they are read, if the model is still approved."""

from collections.abc import Sequence

from pipeline_steps.arguments import StepParser
from pipeline_steps.batch.approved_model import require_approved
from pipeline_steps.batch.file_names import REPORT
from pipeline_steps.batch.publishing import publish
from pipeline_steps.documents import read_json
from pipeline_steps.errors import StepError
from pipeline_steps.paths import Paths
from pipeline_steps.rounding import counted


def parser() -> StepParser:
    """The command line of `publish`."""
    made = StepParser("publish")
    made.add_argument("--results", required=True, help="where the results lie, s3://bucket/prefix")
    made.add_argument("--report", required=True, help="where their report lies")
    made.add_argument("--output", required=True, help="where both are published")
    made.add_argument("--kms-key", required=True)
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    report = read_json(paths.processing_input("report") / REPORT)
    if report.get("refusal_count") != 0:
        raise StepError(f"results must be accepted before they are published: {report.get('refusals')}")
    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (0.5 s, and only here)

    session = aws_session()
    require_approved(report["model_package_arn"], session.client("sagemaker"))
    count = publish(
        (arguments.results, arguments.report),
        arguments.output,
        report,
        s3=session.client("s3"),
        kms_key=arguments.kms_key,
    )
    paths.write_message(f"Completed: {counted(count, 'object')} below {arguments.output}.")
