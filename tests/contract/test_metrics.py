"""Metrics that the container publishes, against the names that alarms, canary analysis and dashboards read."""

import numpy as np

from pipeline_steps import embedded_metrics
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.request_metrics import RequestMetrics
from pipeline_steps.server.score_recorder import ScoreRecorder
from slipway import metrics
from slipway.guardrails.published_metrics import METRIC_NAMES
from tests.contracts import binary_contract

CONTRACT = binary_contract()


def test_the_namespaces_are_the_products():
    assert embedded_metrics.ENDPOINT_NAMESPACE == metrics.ENDPOINT_NAMESPACE
    assert embedded_metrics.MONITORING_NAMESPACE == metrics.MONITORING_NAMESPACE


def test_a_model_server_publishes_the_metrics_that_the_product_knows():
    scores = np.linspace(0, 1, 2 * FEWEST_ROWS, dtype=np.float32)
    features = np.empty((len(scores), 0), dtype=np.float32)
    baseline = Baseline.from_document(training_distribution((), features, scores), CONTRACT)
    recorder, requests = ScoreRecorder(CONTRACT, baseline), RequestMetrics(lambda _: Response(200))
    recorder.record((features, scores))
    requests(HttpRequest("POST", "/invocations"))
    published = {metric.name for metric in (*recorder.take_metrics(), *requests.take_metrics())}
    assert published == METRIC_NAMES[metrics.ENDPOINT_NAMESPACE]
