"""The verbs, one file per kind of work; `cli.py` puts them together."""
