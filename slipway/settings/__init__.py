"""Typed settings of one use case: one TOML file, one stage, every error reported together."""

from slipway.settings.access import Access, Vpc
from slipway.settings.data import ColumnKind, Data
from slipway.settings.decision_rule import DecisionRule, Value
from slipway.settings.delivery import Delivery, DeliveryStage, load_delivery, use_cases_of
from slipway.settings.gate import Gate
from slipway.settings.loading import load_settings, parse_settings, stages_of
from slipway.settings.ranges import CategoricalRange, ContinuousRange, IntegerRange
from slipway.settings.rollout import Endpoint, Rollout
from slipway.settings.training import Training
from slipway.settings.tuning import Tuning
from slipway.settings.use_case import Settings

__all__ = [
    "Access",
    "CategoricalRange",
    "ColumnKind",
    "ContinuousRange",
    "Data",
    "DecisionRule",
    "Delivery",
    "DeliveryStage",
    "Endpoint",
    "Gate",
    "IntegerRange",
    "Rollout",
    "Settings",
    "Training",
    "Tuning",
    "Value",
    "Vpc",
    "load_delivery",
    "load_settings",
    "parse_settings",
    "stages_of",
    "use_cases_of",
]
