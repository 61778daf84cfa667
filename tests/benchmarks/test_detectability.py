"""Whether a fault can be seen at all."""

import numpy as np
import pytest

from benchmarks.detectability import Canary, single_look_power
from slipway.canary.config import Tolerances
from slipway.simulation import Fault, Service, latency_edges


def power(fault, rate):
    service = Service()
    canary = Canary(
        service, latency_edges(Tolerances(), service), requests_per_second=rate, green_share=0.25, seconds=600
    )
    return single_look_power(canary, fault, false_rollback_rate=0.01, rng=np.random.default_rng(1))


@pytest.mark.parametrize(
    ("fault", "rate", "least", "most"),
    [
        (Fault(error_points=1), 0.2, 0.0, 0.3),
        (Fault(error_points=1), 20.0, 0.95, 1.0),
        (Fault(latency_factor=1.5), 1.0, 0.95, 1.0),
        (Fault(auc_loss=0.02), 0.2, 0.0, 0.3),
        (Fault(auc_loss=0.05), 20.0, 0.95, 1.0),
    ],
)
def test_traffic_decides_what_can_be_seen(fault, rate, least, most):
    assert least <= power(fault, rate) <= most
