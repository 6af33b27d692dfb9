"""Alerts: they remember verdicts and say what changed."""
