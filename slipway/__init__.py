"""Slipway: launch machine-learning models on AWS safely."""
