"""Exit: the proxy through which a visitor leaves, e.g. in another country, for plain requests.

The name behind it is resolved here first: what the guard would not dial itself, no proxy is asked for.
"""

from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError
from scrapy.utils.defer import maybe_deferred_to_future

from spiders.refusals import TargetRefused
from spiders.resolver import offered
from spiders.visits.dial import Upstream


async def leave_through(upstream: Upstream, request: Request, reactor: Any) -> None:
    """Send a request through a proxy.

    Raises:
        TargetRefused: the guard would not reach its host.
        CannotResolveHostError: the host is unknown here.
    """
    host = (urlsplit(request.url).hostname or "").lower()
    if not await maybe_deferred_to_future(offered(reactor, host)):
        refused = reactor.nameResolver.refused.get(host)
        if refused is None:
            raise CannotResolveHostError(host)
        raise TargetRefused(host, f"refused, it resolves to {refused}, which is not public")
    request.meta["proxy"] = upstream.address
    if upstream.authorization:
        request.headers["Proxy-Authorization"] = upstream.authorization
