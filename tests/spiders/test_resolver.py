"""Each of the guard's two layers stops a connection on its own, and the self-test notices when one is gone."""

import asyncio
from typing import Any

import pytest
from twisted.internet.address import IPv4Address

from safety.egress import EgressRule
from spiders.resolver import AddressRefused, GuardBroken, GuardedResolver, guard_connections, prove_guard


class Names:
    """Answers every look-up at once."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    def resolveHostName(self, receiver: Any, host: str, port: int = 0, *more: Any) -> None:
        receiver.resolutionBegan(None)
        for address in self.addresses:
            receiver.addressResolved(IPv4Address("TCP", address, port))
        receiver.resolutionComplete()


class Reactor:
    """As much of a reactor as the guard touches."""

    def __init__(self, *addresses: str) -> None:
        self.nameResolver: Any = Names(*addresses)
        self.dialled: list[tuple[str, int]] = []

    def connectTCP(self, host: str, port: int, *more: Any) -> "Reactor":
        self.dialled.append((host, port))
        return self

    connectSSL = connectTCP

    def disconnect(self) -> None:
        pass


class Receiver:
    """Collects what a resolver offers."""

    def __init__(self) -> None:
        self.offered: list[str] = []
        self.complete = False

    def resolutionBegan(self, resolution: Any) -> None:
        pass

    def addressResolved(self, address: Any) -> None:
        self.offered.append(address.host)

    def resolutionComplete(self) -> None:
        self.complete = True


def ask(resolver: Any, host: str) -> list[str]:
    receiver: Any = Receiver()
    resolver.resolveHostName(receiver, host, 80)
    assert receiver.complete
    return list(receiver.offered)


def resolver(rule: EgressRule, *addresses: str) -> GuardedResolver:
    reactor: Any = Reactor(*addresses)
    return GuardedResolver(reactor, 100, rule)


def test_refused_addresses_are_not_offered_and_remembered() -> None:
    guarded = resolver(EgressRule(), "127.0.0.1", "10.0.0.1")
    assert ask(guarded, "Trap.test") == []
    assert guarded.refused == {"trap.test": "10.0.0.1"}


def test_a_public_address_beside_a_private_one_is_offered_alone() -> None:
    guarded = resolver(EgressRule(), "127.0.0.1", "1.1.1.1")
    assert ask(guarded, "both.test") == ["1.1.1.1"]
    assert ask(guarded, "both.test") == ["1.1.1.1"], "from the cache, too"
    assert guarded.refused == {}


def test_pinned_names_are_checked_like_others() -> None:
    rule = EgressRule.parse(["127.0.0.9:80"], {"open.test": "127.0.0.9", "shut.test": "127.0.0.1", "six.test": "::1"})
    guarded = resolver(rule, "1.1.1.1")
    assert ask(guarded, "open.test.") == ["127.0.0.9"]
    assert ask(guarded, "SHUT.test") == ask(guarded, "six.test") == []


@pytest.mark.parametrize("name", ["connectTCP", "connectSSL"])
def test_the_second_layer_checks_address_and_port(name: str) -> None:
    reactor: Any = Reactor()
    undo = guard_connections(reactor, EgressRule.parse(["127.0.0.9:80"]))
    for host, port in (("127.0.0.1", 80), ("127.0.0.9", 81), ("localhost", 80)):
        with pytest.raises(AddressRefused):
            getattr(reactor, name)(host, port, None)
    getattr(reactor, name)("127.0.0.9", 80, None)
    getattr(reactor, name)("1.1.1.1", 443, None)
    assert reactor.dialled == [("127.0.0.9", 80), ("1.1.1.1", 443)]
    undo()
    getattr(reactor, name)("127.0.0.1", 80, None)
    assert len(reactor.dialled) == 3


def guarded_reactor(*, names: bool, connections: bool) -> tuple[Reactor, EgressRule]:
    reactor: Any = Reactor("127.0.0.1")
    rule = EgressRule()
    if names:
        reactor.nameResolver = GuardedResolver(reactor, 100, rule)
    if connections:
        guard_connections(reactor, rule)
    return reactor, rule


def prove(reactor: Reactor, rule: EgressRule) -> None:
    asyncio.run(prove_guard(reactor, rule))


def test_the_self_test_passes_with_both_layers() -> None:
    prove(*guarded_reactor(names=True, connections=True))


@pytest.mark.parametrize("missing", ["names", "connections"])
def test_the_self_test_fails_without_one(missing: str) -> None:
    reactor, rule = guarded_reactor(names=missing != "names", connections=missing != "connections")
    with pytest.raises(GuardBroken):
        prove(reactor, rule)
