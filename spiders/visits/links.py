"""Where a journey begins: at the address itself, or, unless told to, behind the click address of an ad."""

from detector.hosts import destination, parse_host, redirector


def unpaid(link: str) -> str:
    """Return where a click address says that it leads, byte for byte; else the link itself."""
    host = parse_host(link)
    target = destination(link) if host is not None and redirector(host) is not None else None
    return target.raw if target is not None and target.raw.startswith(("http://", "https://")) else link
