"""How items come together in cases: measured on labelled campaigns, and timed in a store of a million items."""
