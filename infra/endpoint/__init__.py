"""The endpoint behind its deployment guardrails."""
