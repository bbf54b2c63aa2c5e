"""What goes wrong with pictures."""


class PictureRefused(ValueError):
    """These bytes are not taken for a picture; the message gives the reason."""


class NetworksDamaged(RuntimeError):
    """A file of the networks is not as it was shipped; the message names it. No picture's fault."""
