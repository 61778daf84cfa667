"""The rules of SageMaker's schema for the model card of a model package."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError

Short = Annotated[str, StringConstraints(min_length=1, max_length=63)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Text = Annotated[str, StringConstraints(max_length=1024)]
Long = Annotated[str, StringConstraints(max_length=2048)]
Point = Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]
Row = Annotated[list[FiniteFloat], Field(min_length=1, max_length=20)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Overview(Part):
    model_creator: Text | None = None
    model_artifact: Annotated[list[Text], Field(max_length=15)] = []


class IntendedUses(Part):
    purpose_of_model: Long | None = None
    intended_uses: Long | None = None
    factors_affecting_model_efficiency: Long | None = None
    risk_rating: Literal["High", "Medium", "Low", "Unknown"] | None = None
    explanations_for_risk_rating: Long | None = None


class BusinessDetails(Part):
    business_problem: Long | None = None
    business_stakeholders: Long | None = None
    line_of_business: Long | None = None


class Function(Part):
    function: Literal["Maximize", "Minimize"]
    facet: Short | None = None
    condition: Short | None = None


class Objective(Part):
    function: Function
    notes: Text | None = None


class TrainingMetric(Part):
    name: Name
    notes: Text | None = None
    value: FiniteFloat


class HyperParameter(Part):
    name: Name
    value: Name


class CardTrainingJob(Part):
    training_arn: Text | None = None
    training_datasets: Annotated[list[Text], Field(max_length=15)] = []
    training_metrics: Annotated[list[TrainingMetric], Field(max_length=50)] = []
    user_provided_training_metrics: Annotated[list[TrainingMetric], Field(max_length=50)] = []
    hyper_parameters: Annotated[list[HyperParameter], Field(max_length=100)] = []


class TrainingDetails(Part):
    objective_function: Objective | None = None
    training_observations: Text | None = None
    training_job_details: CardTrainingJob | None = None


class CardMetric(Part):
    name: Name
    notes: Text | None = None


class SimpleMetric(CardMetric):
    type: Literal["number"]
    value: FiniteFloat
    x_axis_name: Short | None = None
    y_axis_name: Short | None = None


class LinearGraph(CardMetric):
    type: Literal["linear_graph"]
    value: Annotated[list[Point], Field(min_length=1)]
    x_axis_name: Short | None = None
    y_axis_name: Short | None = None


class BarChart(CardMetric):
    type: Literal["bar_chart"]
    value: Annotated[list[FiniteFloat], Field(min_length=1)]
    x_axis_name: list[Short] | None = None
    y_axis_name: Short | None = None


class Matrix(CardMetric):
    type: Literal["matrix"]
    value: Annotated[list[Row], Field(min_length=1, max_length=20)]
    x_axis_name: list[Short] | None = None
    y_axis_name: list[Short] | None = None


class MetricGroup(Part):
    name: Short
    metric_data: list[Annotated[SimpleMetric | LinearGraph | BarChart | Matrix, Field(discriminator="type")]]


class Evaluation(Part):
    name: Short
    evaluation_observation: Annotated[str, StringConstraints(max_length=2096)] | None = None
    evaluation_job_arn: Annotated[str, StringConstraints(max_length=256)] | None = None
    datasets: Annotated[list[Text], Field(max_length=10)] = []
    metadata: dict[str, Text] = {}
    metric_groups: list[MetricGroup] = []


class AdditionalInformation(Part):
    ethical_considerations: Long | None = None
    caveats_and_recommendations: Long | None = None
    custom_details: dict[str, Text] = {}


class ModelCard(Part):
    """No section is required."""

    model_overview: Overview | None = None
    intended_uses: IntendedUses | None = None
    business_details: BusinessDetails | None = None
    training_details: TrainingDetails | None = None
    evaluation_details: list[Evaluation] = []
    additional_information: AdditionalInformation | None = None


def card_error(content: str) -> str | None:
    """What is wrong with the content of a card, in one line; None where the schema allows it."""
    try:
        ModelCard.model_validate_json(content)
    except ValidationError as exc:
        first = exc.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the content'}: {first['msg']}"
    return None
