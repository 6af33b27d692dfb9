"""Probes: they acquire readings from the hardware."""
