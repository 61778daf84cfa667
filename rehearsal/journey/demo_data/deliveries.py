"""Made-up deliveries of meals, each with the minutes from the order to the door.

In the last part of the period a district behind a bridge is added, `harbour`, where everything takes longer: a model
that has not seen it promises too early.
"""

import numpy as np
from numpy.typing import NDArray

from rehearsal.journey.demo_data.sampling import Column, Columns, Floats, chosen, generator, moments, progress

TARGET = "minutes"
NEW_DISTRICT = "harbour"
_NEW_FROM, _NEW_SHARE = 0.62, 0.3
_DISTRICTS = {"centre": 0.4, "north": 0.25, "south": 0.2, "west": 0.15}
_VEHICLES = {"bicycle": 0.5, "scooter": 0.35, "car": 0.15}
_MINUTES_A_KM = {"bicycle": 4.6, "scooter": 3.0, "car": 3.6}
_NOISE = 0.12


def deliveries(*, rows: int, seed: int) -> Columns:
    """Draw `rows` deliveries, the target last; the same seed gives the same deliveries."""
    rng = generator(rows=rows, seed=seed)
    is_new = (progress(rows) >= _NEW_FROM) & (rng.random(rows) < _NEW_SHARE)
    moment = moments(rng, rows, start="2025-03-03", days=180)
    columns: dict[str, Column] = {
        "ordered_at": np.datetime_as_string(moment, unit="m"),
        "district": np.where(is_new, NEW_DISTRICT, chosen(rng, _DISTRICTS, rows)),
        "vehicle": chosen(rng, _VEHICLES, rows),
        "distance_km": np.clip(rng.gamma(3.0, 0.8, rows), 0.2, 9.0).round(2),
        "dishes": rng.geometric(0.4, rows),
        "orders_waiting": rng.poisson(2 + 4 * _rush(moment)),
        "rain": rng.random(rows) < 0.25,
    }
    minutes = _expected_minutes(columns, _rush(moment)) * rng.lognormal(-(_NOISE**2) / 2, _NOISE, rows)
    return {**columns, TARGET: minutes.round(1)}


def _expected_minutes(columns: Columns, rush: Floats) -> Floats:
    pace = np.array([_MINUTES_A_KM[vehicle] for vehicle in columns["vehicle"].tolist()])
    pace = pace * np.where(columns["rain"] & (columns["vehicle"] == "bicycle"), 1.35, 1.0)
    pace = pace * np.where(columns["vehicle"] == "car", 1 + 0.6 * rush, 1.0)
    kitchen = 7 + 2.2 * np.sqrt(columns["dishes"]) + 0.9 * columns["orders_waiting"]
    bridge = np.where(columns["district"] == NEW_DISTRICT, 10.0, 0.0)
    return np.asarray(kitchen + pace * columns["distance_km"] + bridge, dtype=float)


def _rush(moment: NDArray[np.datetime64]) -> Floats:
    """From 0 to 1: how busy the kitchens are, most on Friday and Saturday evenings."""
    hour = (moment - moment.astype("datetime64[D]")).astype(float) / 60
    weekday = (moment.astype("datetime64[D]").astype(int) + 3) % 7  # 0 is Monday, as of 1970-01-01, a Thursday
    evening, noon = np.exp(-(((hour - 19) / 1.8) ** 2)), 0.6 * np.exp(-(((hour - 12.5) / 1.2) ** 2))
    return np.asarray((evening + noon) * np.where(np.isin(weekday, (4, 5)), 1.0, 0.65), dtype=float)
