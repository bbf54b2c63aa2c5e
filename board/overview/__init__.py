"""The overview: figures of a period as charts, how everything stands now, and the management report."""
