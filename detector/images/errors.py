"""What goes wrong with pictures."""


class PictureRefused(ValueError):
    """These bytes are not taken for a picture; the message gives the reason."""
