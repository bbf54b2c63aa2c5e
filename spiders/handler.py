"""BoundedHandler: Scrapy's handler for http and https, with the bounds that Twisted and Scrapy leave open.

- Twisted keeps headers without end, 50 MB a second until the timeout: they end at `HEADER_BYTES`.
- It takes chunks of one byte, 10 µs for each, and does not stop before those of one read are through: an answer has
  `MOST_CHUNKS`, and a read brings `READ_BYTES`.
- Scrapy unpacks as often as Content-Encoding says, and the reactor stands for 10 ms each time: `MOST_PACKED`.
"""

from collections.abc import Callable
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError, ResponseDataLossError
from scrapy.http import Response
from twisted.internet.interfaces import IAddress
from twisted.web._newclient import HEADER, STATUS
from twisted.web.client import ResponseFailed
from twisted.web.http import _ChunkedTransferDecoder

from spiders.refusals import AnswerRefused

HEADER_BYTES = 256 * 1024  # of one answer, interim ones (1xx) included; what browsers take
MOST_CHUNKS = 50_000  # of one answer; in 10 MB from a server that means well there are a tenth of it
READ_BYTES = 16 * 1024
MOST_PACKED = 3  # encodings of one answer; servers that mean well use one


class Bounded:
    """The bounds, for every handler that is built on Scrapy's."""

    _pool: Any

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)  # type: ignore[call-arg]  # of the handler beside this class
        self._pool._factory = _BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """Fetch, and give up on an answer that is more than an answer should be.

        Raises:
            AnswerRefused: it has too many headers or chunks, or is packed too often.
        """
        try:
            response: Response = await super().download_request(request)  # type: ignore[misc]
        except (DownloadFailedError, ResponseDataLossError) as error:
            much = _too_much(error)
            if much is not None:
                raise AnswerRefused(str(much)) from error
            raise
        packed = b",".join(response.headers.getlist("Content-Encoding")).count(b",") + 1
        if packed > MOST_PACKED:
            raise AnswerRefused(f"packed {packed} times over")
        return response


class BoundedHandler(Bounded, HTTP11DownloadHandler):
    """Scrapy's handler with the bounds."""


class _TooMuch(Exception):
    """Ends an answer."""


class _BoundedParser(_LenientHTTPClientParser):
    """Counts the bytes of the headers, and the chunks."""

    _taken = 0
    _chunks = 0
    _hand_on: Callable[[bytes], None]

    def dataReceived(self, data: bytes) -> None:
        if self.state in (STATUS, HEADER):
            self._taken += len(data)
            if self._taken > HEADER_BYTES:
                raise _TooMuch(f"more than {HEADER_BYTES} bytes of headers")
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def allHeadersReceived(self) -> None:
        super().allHeadersReceived()  # type: ignore[no-untyped-call]
        decoder: Any = self.bodyDecoder
        if isinstance(decoder, _ChunkedTransferDecoder):
            self._hand_on = decoder.dataCallback
            decoder.dataCallback = self._count

    def _count(self, data: bytes) -> None:
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            raise _TooMuch(f"more than {MOST_CHUNKS} chunks")
        self._hand_on(data)


class _BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Reads little at once, and parses with `_BoundedParser`."""

    def connectionMade(self) -> None:
        super().connectionMade()
        plain: Any = getattr(self.transport, "transport", self.transport)  # what lies below TLS
        plain.bufferSize = READ_BYTES

    def request(self, request: Any) -> Any:
        answer = super().request(request)
        assert self._parser is not None
        self._parser.__class__ = _BoundedParser  # as Scrapy does: the class stands fast in Twisted's own `request`
        return answer


class _BoundedFactory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _BoundedProtocol:
        return _BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


def _too_much(error: Exception) -> _TooMuch | None:
    cause = error.__cause__
    reasons = [reason.value for reason in cause.reasons] if isinstance(cause, ResponseFailed) else []
    return next((reason for reason in reasons if isinstance(reason, _TooMuch)), None)
