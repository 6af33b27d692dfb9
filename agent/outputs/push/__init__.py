"""Prometheus remote write, for workstations that nobody can scrape.

series → `request` (one compressed message) → `spool` (on disk, in order, bounded) → `delivery` (a thread, one message
at a time, patient) → `sender` (HTTP and TLS). All but `settings` is loaded only where agent.yaml has `push`.
"""
