"""The guard between the crawler and the network: no connection leaves for an address that `egress` does not permit.

First layer: `GuardedResolver` resolves every host (names and literals alike) and never offers a refused address to the
connecting code. Second layer: `guard_connections` wraps the reactor's `connectTCP` and `connectSSL` and checks address
and port once more, whoever asked. Checks of the URL's text are no part of this: they let 14 of 50 spellings through.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.resolver import CachingHostnameResolver, HostResolution
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from twisted.internet.protocol import Factory
from zope.interface import implementer  # type: ignore[import-untyped]

from safety.egress import EgressRule

EGRESS_ALLOW = "MEKIKI_EGRESS_ALLOW"  # names of the Scrapy settings that carry the rule
EGRESS_HOSTS = "MEKIKI_EGRESS_HOSTS"


class AddressRefused(Exception):
    """A connection to an address or port that `egress` does not permit was asked for and not made."""


class GuardBroken(RuntimeError):
    """The guard is not in place; nothing may be fetched."""


class GuardedResolver(CachingHostnameResolver):
    """Scrapy's caching resolver, with pinned names and without refused addresses."""

    def __init__(self, reactor: ReactorBase, cache_size: int, rule: EgressRule) -> None:
        super().__init__(reactor, cache_size)
        self.rule = rule
        self.refused: dict[str, str] = {}  # host -> a refused address; only hosts with no permitted one

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Read the rule from the settings, as Scrapy builds its resolvers."""
        settings = crawler.settings
        cache_size = settings.getint("DNSCACHE_SIZE") if settings.getbool("DNSCACHE_ENABLED") else 0
        rule = EgressRule.parse(settings.getlist(EGRESS_ALLOW), settings.getdict(EGRESS_HOSTS))
        return cls(reactor, cache_size, rule)

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Resolve a host and hand on only the permitted addresses; none is the same as a name that is unknown."""
        receiver: Any = _PermittedOnly(resolutionReceiver, self, hostName)
        pinned = self.rule.hosts.get(hostName.lower().rstrip("."))
        if pinned is None:
            return super().resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)
        resolution: Any = HostResolution(hostName)
        receiver.resolutionBegan(resolution)
        kind = IPv6Address if ":" in pinned else IPv4Address
        receiver.addressResolved(kind("TCP", pinned, portNumber))
        receiver.resolutionComplete()
        return resolution  # type: ignore[no-any-return]


@implementer(IResolutionReceiver)
class _PermittedOnly:
    """Pass permitted addresses on; remember the host when there was none."""

    def __init__(self, receiver: Any, resolver: GuardedResolver, host: str) -> None:
        self._receiver = receiver
        self._resolver = resolver
        self._host = host.lower()
        self._refused: str | None = None
        self._passed = False

    def resolutionBegan(self, resolution: Any) -> None:
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        if self._resolver.rule.permits(address.host):
            self._passed = True
            self._receiver.addressResolved(address)
        else:
            self._refused = address.host

    def resolutionComplete(self) -> None:
        if self._refused is not None and not self._passed:
            self._resolver.refused[self._host] = self._refused
        self._receiver.resolutionComplete()


def guard_connections(reactor: Any, rule: EgressRule) -> Callable[[], None]:
    """Wrap `reactor.connectTCP` and `connectSSL`; return what undoes it."""
    originals = {name: getattr(reactor, name) for name in ("connectTCP", "connectSSL")}

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def connect(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if not rule.permits(host, port):
                raise AddressRefused(f"{host} port {port} is not permitted")
            return original(host, port, *args, **kwargs)

        return connect

    for name, original in originals.items():
        setattr(reactor, name, guarded(original))

    def undo() -> None:
        for name in originals:
            delattr(reactor, name)

    return undo


async def prove_guard(reactor: Any, rule: EgressRule) -> None:
    """Ask the reactor itself for `localhost`: it must offer and dial no loopback address that the rule does not name.

    Raises:
        GuardBroken: one of the two layers is missing.
    """
    named = {str(address) for address, _ in rule.allow}
    loopback = set(await maybe_deferred_to_future(offered(reactor, "localhost"))) - named
    if loopback:
        raise GuardBroken(f"the resolver offered {', '.join(sorted(loopback))} for localhost")
    if "127.0.0.1" not in named:
        try:
            connector = reactor.connectTCP("127.0.0.1", 9, Factory())
        except AddressRefused:
            return
        connector.disconnect()
        raise GuardBroken("the reactor dialled a loopback address")


def offered(reactor: Any, host: str) -> "Deferred[Any]":
    """Return the addresses that the reactor offers for a host; none where it is unknown or refused."""
    answer = _Collected()
    reactor.nameResolver.resolveHostName(answer, host)
    return answer.done


@implementer(IResolutionReceiver)
class _Collected:
    """Collect the addresses of one resolution."""

    def __init__(self) -> None:
        self.done: Deferred[Any] = Deferred()
        self._addresses: list[str] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self._addresses.append(address.host)

    def resolutionComplete(self) -> None:
        self.done.callback(self._addresses)
