"""Endpoint device-health agent: probes give readings, rules verdicts, alerts transitions; outputs tell people."""
