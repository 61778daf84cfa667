"""cdk-nag's AWS Solutions rules on the stacks of an app."""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import aws_cdk as cdk

from infra.review.template_finding import TemplateFinding

_REPORT = "validation-report.json"


def nag_findings(make: Callable[[cdk.App], object], *, context: dict[str, object], out: Path) -> list[TemplateFinding]:
    """Synthesize what `make` adds to an app into `out` with the rules on; findings of CDK's own rules are included."""
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415 — the half of a second that CDK needs to load it

    app = cdk.App(outdir=str(out), context=context, analytics_reporting=False)
    make(app)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    with contextlib.suppress(RuntimeError), contextlib.redirect_stderr(io.StringIO()):
        app.synth()  # findings make it fail, after the report has been written
    return sorted(_findings(out / _REPORT))


def _findings(report: Path) -> Iterator[TemplateFinding]:
    for plugin in json.loads(report.read_text(encoding="utf-8"))["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                yield TemplateFinding(
                    "cdk-nag", violation["ruleName"], construct["constructPath"], violation["description"]
                )
