"""Checks between the steps of a definition: references resolve, and no steps wait for each other."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from rehearsal.jobs.definition import EXECUTION_VARIABLES, Step
from rehearsal.jobs.expressions import PropertyFileReference, Reference
from rehearsal.jobs.pipeline_parameters import PipelineParameter


def wrong_references(
    step: Step,
    found: Iterable[Reference | PropertyFileReference],
    steps: Mapping[str, Step],
    parameters: Mapping[str, PipelineParameter],
) -> Iterator[str]:
    """What `step` depends on, reads or refers to that is not there."""
    for name in sorted(step.needs - steps.keys()):
        yield f"step {step.name} depends on {name}, which is no step of this pipeline"
    for each in found:
        if isinstance(each, Reference):
            yield from _wrong_reference(step, each, parameters)
        elif each.step in steps and each.name not in steps[each.step].property_files:
            yield f"step {step.name} reads property file {each.name}, which step {each.step} does not declare"
    for file in step.property_files.values():
        outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs", ())
        if file.output_name not in {output.get("OutputName") for output in outputs}:
            yield f"property file of step {step.name} must lie in one of its outputs, got {file.output_name}"


def _wrong_reference(step: Step, reference: Reference, parameters: Mapping[str, PipelineParameter]) -> Iterator[str]:
    match reference.path:
        case ("Parameters", str(name)) if name in parameters:
            return
        case ("Parameters", *_):
            yield f"step {step.name} refers to {reference.text}, which is no parameter of this pipeline"
        case ("Execution", str(name)) if name in EXECUTION_VARIABLES:
            return
        case ("Steps", _, _, *_):
            return  # its step is checked as a dependency; whether the property is there shows when the step has run
        case _:
            allowed = f"Parameters.…, Steps.<step>.… or Execution.{{{', '.join(EXECUTION_VARIABLES)}}}"
            yield f"step {step.name} refers to {reference.text}, which must be {allowed}"


def cycle(steps: Mapping[str, Step]) -> Iterator[str]:
    """The first circle of steps that wait for one another."""
    graph = TopologicalSorter({name: step.needs for name, step in steps.items()})
    try:
        graph.prepare()
    except CycleError as exc:
        yield f"steps must not wait for one another in a circle, got {' -> '.join(exc.args[1])}"
