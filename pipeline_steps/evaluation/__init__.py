"""Judging models: metrics, money, the champion, the gate, plots."""
