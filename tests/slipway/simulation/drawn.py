"""Traffic with a seed of its own."""

import numpy as np

from slipway.simulation import Fault, Service, Traffic

HEALTHY, SERVICE = Fault(), Service()


def traffic(
    fault: Fault = HEALTHY, rate: float = 20.0, *, service: Service = SERVICE, rollouts: int = 300, seed: int = 1
) -> Traffic:
    return Traffic(service, fault, requests_per_second=rate, rollouts=rollouts, rng=np.random.default_rng(seed))
