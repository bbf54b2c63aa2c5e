"""Exit: the proxy through which a visitor leaves, e.g. in another country, for plain requests.

The name behind it is resolved here first: what the guard would not dial itself, no proxy is asked for.
"""

from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError
from scrapy.utils.defer import maybe_deferred_to_future

from config.models import Visitor
from spiders.refusals import TargetRefused
from spiders.resolver import offered


class Exit:
    """One proxy."""

    def __init__(self, address: str, reactor: Any) -> None:
        """Take the proxy's address, `http://USER:PASSWORD@HOST:PORT`.

        Raises:
            ValueError: it has another form.
        """
        parts = urlsplit(address)
        if parts.scheme != "http" or not parts.hostname or not parts.port:
            raise ValueError("expected http://USER:PASSWORD@HOST:PORT")
        self._proxy = f"http://{parts.hostname}:{parts.port}"
        self._authorization = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._authorization = "Basic " + b64encode(pair.encode()).decode()
        self._reactor = reactor

    @classmethod
    def of(cls, visitor: Visitor, reactor: Any) -> "Exit | None":
        """Return a visitor's proxy.

        Raises:
            SecretError: it is not there.
            ValueError: it has another form.
        """
        return cls(visitor.proxy.reveal(), reactor) if visitor.proxy is not None else None

    async def use(self, request: Request) -> None:
        """Send a request through the proxy.

        Raises:
            TargetRefused: the guard would not reach its host.
            CannotResolveHostError: the host is unknown here.
        """
        host = (urlsplit(request.url).hostname or "").lower()
        if not await maybe_deferred_to_future(offered(self._reactor, host)):
            refused = self._reactor.nameResolver.refused.get(host)
            if refused is None:
                raise CannotResolveHostError(host)
            raise TargetRefused(host, f"refused, it resolves to {refused}, which is not public")
        request.meta["proxy"] = self._proxy
        if self._authorization:
            request.headers["Proxy-Authorization"] = self._authorization
