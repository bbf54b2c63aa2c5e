"""What went wrong with a request, as an error class to count and words for one line."""

from dataclasses import dataclass

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import ConnectError, ConnectionClosed

from safety.sandbox import Refused, SandboxCrash, SandboxError, SandboxTimeout
from spiders.refusals import AnswerRefused, HostPaused, SchemeRefused, Stopped, TargetRefused
from spiders.robots import RobotsForbid, RobotsStatus, RobotsUnreachable

STOPPED = "stopped"  # kind of what nobody's fault is: it is not counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One failure, named."""

    kind: str  # the class it is counted under
    says: str
    lasting: bool = False  # asking again will give the same
    host: str | None = None  # set when it holds for everything on that host


# Types without details of their own; the first match counts.
_KINDS: tuple[tuple[type[BaseException], str, str, bool], ...] = (
    (Stopped, STOPPED, "the crawl was told to stop", False),
    (SchemeRefused, "refused_scheme", "only http and https are fetched", True),
    (RobotsForbid, "robots", "robots.txt forbids it", True),
    (DownloadTimeoutError, "timeout", "no complete answer in time", False),
    (DownloadCancelledError, "too_large", "larger than crawler.max_bytes", True),
    (CannotResolveHostError, "dns", "the host name is unknown", False),
    (DownloadConnectionRefusedError, "connection", "the host refused the connection", False),
    (ResponseDataLossError, "truncated", "the answer broke off", False),
    (DownloadFailedError, "connection", "the connection broke", False),
    (ConnectionClosed, "connection", "the connection broke", False),
    (ConnectError, "connection", "no connection", False),
    (SandboxTimeout, "parse_timeout", "reading it took too long and was ended", True),
    (SandboxCrash, "parse_crash", "reading it needed too much memory or crashed", True),
)


def trouble(error: BaseException | None) -> Trouble:
    """Name a failure of a download or of a parser."""
    match error:
        case HttpError():
            status = error.response.status
            return Trouble(kind=f"http_{status}", says=f"answered {status}", lasting=400 <= status < 500)
        case TargetRefused():
            return Trouble(kind="refused_address", says=error.why, lasting=True, host=error.host)
        case RobotsUnreachable(__cause__=(HostPaused() | Stopped()) as early):
            return trouble(early)
        case RobotsUnreachable():
            why = trouble(error.__cause__).says
            return Trouble(
                kind="robots", says=f"nothing was fetched, robots.txt could not be read: {why}", host=error.host
            )
        case HostPaused():
            says = "asked to be left alone for a while (Retry-After); the next run asks again"
            return Trouble(kind="rate_limited", says=says, host=error.host)
        case AnswerRefused():
            return Trouble(kind="too_large", says=str(error), lasting=True)
        case RobotsStatus():
            return Trouble(kind="robots", says=str(error))
        case Refused():
            return Trouble(kind="unreadable", says=str(error), lasting=True)
    for cls, kind, says, lasting in _KINDS:
        if isinstance(error, cls):
            return Trouble(kind=kind, says=says, lasting=lasting)
    if isinstance(error, IgnoreRequest):
        return _ignored(error)
    if isinstance(error, SandboxError):
        return Trouble(kind="parse_failed", says=str(error))
    return Trouble(kind="failed", says=f"{type(error).__name__}: {error}")


def _ignored(error: IgnoreRequest) -> Trouble:
    """Name what Scrapy's own middlewares give up on; they tell it in words only."""
    if isinstance(error.__cause__, ValueError):  # raised by the compression middleware
        return Trouble(kind="too_large", says="larger than crawler.max_bytes once unpacked", lasting=True)
    if "redirections" in str(error):
        return Trouble(kind="redirect_loop", says="too many redirects", lasting=True)
    return Trouble(kind="ignored", says=str(error))
