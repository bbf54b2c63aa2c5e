"""Setup help: try a text or a logo, silences and ownership as forms, what of the configuration needs mending."""
