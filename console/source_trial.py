"""What one request to a source brought, in words."""

from collections.abc import Iterator

from config import Source
from desk.counted import counted
from safety.screen import screen
from spiders.report import SourceReport

# What an error class asks of the person in front of the screen.
ADVICE = {
    "missing_secret": "set the variable or the file that the configuration names",
    "token": "the token is refused: get a new one as docs/sources.md says, and set it where the configuration names it",
    "rate_limited": "the interface wants a pause: raise `every`, or wait and try again",
    "blocked": "the site turns programs away, or asks for a person (captcha, login): it cannot be read this way",
    "bad_request": "the interface does not understand the question: look at the parameters of the source",
    "robots": "robots.txt forbids it: ask the site, or choose another source",
    "http_401": "the site wants to know who asks: check `headers`",
    "http_403": "the site refuses us: check `headers`, or choose another source",
    "http_404": "there is no such page: check the address",
    "dns": "the host is unknown: check the address",
    "connection": "nobody answers there: check the address, and whether this machine may go out",
    "timeout": "no answer in time: raise crawler.timeout, or try again",
    "refused_address": "the address is not public: see `[egress] allow`",
    "api_error": "the interface answered with an error of its own, told above",
    "unreadable": "the answer is not what this kind of source expects: check kind, format and the paths of the fields",
    "no_file": "check the path",
}


def explained(source: Source, report: SourceReport) -> Iterator[str]:
    """Yield lines for people."""
    yield f"source {source.key} (kind {source.kind}): {report.outcome}"
    yield f"  sent {counted(report.requests, 'request')} in {report.seconds:.1f} s"
    for problem in report.problems:
        if "max_pages" not in problem:  # the limit of this trial
            yield f"  {screen(problem)}"
    for kind in report.errors:
        if kind in ADVICE:
            yield f"  what to do: {ADVICE[kind]}"
    if not report.items:
        if report.unchanged and not report.errors:
            yield "  it was answered; nothing in it is new or would be flagged"
        elif not report.errors:
            yield "  it was answered, but there was nothing in it; is the query, the address or the path right?"
        return
    filled = ", ".join(f"{name} in {count}" for name, count in sorted(report.filled.items()))
    yield f"  the first {counted(report.items, 'item')}: {filled or 'no field is filled'}"
    if not report.filled.get("links"):
        yield "  no item says where it leads: normal for some interfaces, else check the path of `links`"
    yield f"  {report.flagged} of them would be flagged; nothing was stored"
