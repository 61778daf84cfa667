"""What a use case costs, in a sentence for its dashboard."""

from slipway.costs.cost_estimate import instance_lines, planned_run, serving_month, total
from slipway.costs.prices import Prices
from slipway.errors import InputError
from slipway.settings import Settings

JOB_MINUTES = 5.0
"""How long a job of the pipeline is taken to last, as `slipway cost` does by default."""


def cost_note(settings: Settings, prices: Prices) -> str:
    """A month of serving and a run of the pipeline, by the price table alone: the same at every synth."""
    count = settings.endpoint.instance_count
    try:
        month = total(serving_month(settings, prices, instances=count, traffic=None))
        run = total(instance_lines(planned_run(settings, job_minutes=JOB_MINUTES), prices))
    except InputError:  # a missing price stops no deployment
        return f"The price table of {prices.as_of} does not have every instance type that it uses."
    served = settings.endpoint.facts.served or f"on {count} instance{'s' * (count > 1)}"
    elsewhere = settings.region not in (None, prices.region)
    return (
        f"A month of serving costs **${month:,.2f}** {served}, a run of the pipeline **${run:,.2f}** at {JOB_MINUTES:g}"
        f" minutes a job; list prices of {prices.as_of} in {prices.region}"
        f"{f', those of {settings.region} differ' if elsewhere else ''}."
    )
