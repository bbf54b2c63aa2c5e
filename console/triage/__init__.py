"""Triage: one screen a case, single keys, hundreds of items an hour.

`walk` gives the cases in order, `page` lays one out for the terminal at hand, `screens` show it and read the keys,
`acts` turns keys into judgements and takes them back, `session` is the loop over all of them.
"""
