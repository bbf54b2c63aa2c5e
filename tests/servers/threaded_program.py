"""A program that cannot be forked: it has a thread as soon as it is imported."""

import threading
from collections.abc import Sequence

threading.Thread(target=threading.Event().wait, daemon=True).start()


def main(arguments: Sequence[str]) -> None:
    """Do nothing."""
