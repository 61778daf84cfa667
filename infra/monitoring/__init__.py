"""Dashboards, drift, budgets, and what follows from them."""
