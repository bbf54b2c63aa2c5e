"""Sharing: what of a confirmed case may leave, for whom."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.fields import Interval, Key, Name
from config.model import Model
from detector.hosts import parse_host

Part = Literal[
    "hosts",  # names of hosts
    "urls",  # without what could tell who was led there
    "servers",  # IP addresses and certificates
    "evidence_hashes",  # SHA-256 of manifests, screenshots and files that prove it
    "pictures",  # SHA-256 and perceptual hashes; screenshots in XARF
    "handoffs",  # chat accounts and telephone numbers that people are led to
    "payees",  # bank accounts and wallets
    "advertisers",  # ids and names of accounts that placed ads, and who paid
    "texts",  # words of ads, posts and pages
    "contacts",  # registrars, and where they take complaints
]
Tlp = Literal["clear", "green", "amber", "amber+strict", "red"]
Shareable = Literal["confirmed", "takedown", "down", "relapsed", "closed"]
WITHOUT_PEOPLE: tuple[Part, ...] = ("hosts", "urls", "evidence_hashes")


def _hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if parse_host(value) is None:
            raise ValueError(f"expected hosts such as shop.example, got {value!r}")
    return values


class SharingIdentity(Model):
    """Who shares, as those who receive it read it."""

    name: Name
    contact: Name | None = None  # an address that everybody may have


class Sharing(Model):
    """One profile: what leaves, and under which conditions."""

    key: Key
    include: tuple[Part, ...] = WITHOUT_PEOPLE
    states: Annotated[tuple[Shareable, ...], Field(min_length=1)] = ("confirmed", "takedown", "down", "relapsed")
    tlp: Tlp = "amber"  # Traffic Light Protocol 2.0: how far those who receive it may pass it on
    brand_names: bool = True  # say which brand is imitated
    defang: bool = False  # write addresses in CSV files so that nobody clicks them by accident
    never: Annotated[tuple[Name, ...], AfterValidator(_hosts)] = ()  # hosts that never leave, with all below them
    gone: Interval = Field(default=timedelta(days=30), validate_default=True)  # after that, a host leaves the feeds
    identity: SharingIdentity | None = None  # default: the organization of [takedown.filer], else the brand's owner
