"""Reports: the figures of a period, their words, and the forms that these take."""
