"""Numbers of things, in words: 1 item, 2 items."""


def counted(number: int, thing: str) -> str:
    """Return a number with what it counts, in the plural where it is not one."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
