"""Continuous monitoring: what is due is done, on one machine or by many workers; how it stands is shown."""
