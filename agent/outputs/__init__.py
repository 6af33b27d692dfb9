"""Outputs: they tell people and programs about each cycle."""
