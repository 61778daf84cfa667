"""Gradient-boosted trees of XGBoost."""
