"""Continuous monitoring on one machine: what is due, run in children, alerts dispatched in between."""
