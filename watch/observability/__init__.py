"""How it stands: for people, for Prometheus, for a supervisor; spans of jobs."""
