"""Made-up readings of a pump; `fault`, which a model need not be given, says which readings were taken in a fault.

In the last part of the period the pump runs a third of its time in an economical mode: to a model that has not seen it,
that looks like a fault.
"""

import numpy as np

from rehearsal.journey.demo_data.sampling import Column, Columns, Flags, generator, progress

FAULT = "fault"
_NEW_FROM, _NEW_SHARE, _FAULTS = 0.62, 0.35, 0.02


def pump_readings(*, rows: int, seed: int) -> Columns:
    """Draw `rows` readings; the same seed gives the same readings."""
    rng = generator(rows=rows, seed=seed)
    economical = (progress(rows) >= _NEW_FROM) & (rng.random(rows) < _NEW_SHARE)
    load = rng.beta(5, 2.5, rows)
    speed = np.where(economical, 900 + 500 * load, 1450 + 1500 * load) + rng.normal(0, 15, rows)
    pressure = (speed / 1000) ** 2 * np.where(economical, 2.1, 1.4) + rng.normal(0, 0.12, rows)
    current = 4 + 11 * load * np.where(economical, 0.6, 1.0) + rng.normal(0, 0.3, rows)
    temperature = 38 + 22 * load + 0.9 * current + rng.normal(0, 1.2, rows)
    vibration = 0.8 + 0.0006 * speed + rng.gamma(4, 0.04, rows)
    columns = {
        "speed_rpm": speed.round(0),
        "pressure_bar": pressure.round(3),
        "flow_l_s": (12 * load + 1.5 * pressure + rng.normal(0, 0.4, rows)).round(3),
        "current_a": current.round(3),
        "temperature_c": temperature.round(2),
        "vibration_mm_s": vibration.round(3),
    }
    faulty = rng.random(rows) < _FAULTS
    return {**_with_faults(rng, columns, faulty), FAULT: np.where(faulty, "yes", "no")}


def _with_faults(rng: np.random.Generator, columns: Columns, faulty: Flags) -> dict[str, Column]:
    """The columns, where a third of the faulty rows cavitate, a third have a worn bearing, a third are blocked."""
    kind = np.where(faulty, rng.integers(1, 4, len(faulty)), 0)
    cavitates, worn, blocked = (kind == number for number in (1, 2, 3))
    strength = rng.uniform(0.6, 1.4, len(faulty))
    found = dict(columns)
    found["pressure_bar"] = (
        columns["pressure_bar"] * np.where(cavitates, 1 - 0.4 * strength, np.where(blocked, 1 + 0.5 * strength, 1.0))
    ).round(3)
    found["flow_l_s"] = (columns["flow_l_s"] * np.where(blocked, 1 - 0.5 * strength, 1.0)).round(3)
    found["temperature_c"] = (columns["temperature_c"] + np.where(worn, 25 * strength, 0.0)).round(2)
    found["vibration_mm_s"] = (columns["vibration_mm_s"] + np.where(worn | cavitates, 3 * strength, 0.0)).round(3)
    return found
