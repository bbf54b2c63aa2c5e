"""Domains: what others scanned or reported, and names close to one's own that somebody registered."""

from typing import Literal

from pydantic import Field

from config.fields import IpAddress, Name, WebUrl
from config.sources.base import SourceBase
from safety.secret import Secret


class UrlscanSource(SourceBase):
    """Pages that others had scanned at urlscan.io; searching publishes nothing."""

    kind: Literal["urlscan"]
    token: Secret  # API key
    url: WebUrl = "https://urlscan.io/api/v1/search/"
    queries: tuple[Name, ...] = ()  # instead of a search for each name that can stand in a host
    days: int = Field(default=7, ge=1, le=365)
    size: int = Field(default=100, ge=1, le=10_000)  # results a page


class UrlhausSource(SourceBase):
    """Addresses that spread malware, of which some pose as a brand."""

    kind: Literal["urlhaus"]
    token: Secret  # Auth-Key
    url: WebUrl = "https://urlhaus-api.abuse.ch/v1/urls/recent/"


class RdapSource(SourceBase):
    """Who registered the domains of cases, whose networks their journeys led through (RDAP), who takes complaints."""

    kind: Literal["rdap"]
    url: WebUrl = "https://data.iana.org/rdap/dns.json"  # IANA's table of registries of domains
    ipv4_url: WebUrl = "https://data.iana.org/rdap/ipv4.json"  # and of addresses
    ipv6_url: WebUrl = "https://data.iana.org/rdap/ipv6.json"
    servers: dict[Name, WebUrl] = {}  # suffix -> base address, for suffixes that the table lacks or has wrong
    security_txt: bool = True  # ask hosts of journeys, registrars and hosters for their security.txt, over https
    domains: tuple[Name, ...] = ()  # instead of those of cases; where one of these three is given, only what is given
    addresses: tuple[IpAddress, ...] = ()  # IP addresses, instead of those of journeys
    hosts: tuple[Name, ...] = ()  # for security.txt, HOST or HOST:PORT, instead of those of journeys
    days: int = Field(default=30, ge=1, le=365)  # until a domain, an address or a host is asked for again
    most: int = Field(default=500, ge=1)  # domains, addresses and hosts a run, each


class PermutationsSource(SourceBase):
    """Names a slip or a trick away from one's own domains that resolve; no page is fetched."""

    kind: Literal["permutations"]
    domains: tuple[Name, ...] = ()  # instead of the brands' own
    suffixes: tuple[Name, ...] = ()  # other public suffixes to try with each name, such as "shop" or "xyz"
    most: int = Field(default=20_000, ge=1)  # names a run; the next run goes on
    at_once: int = Field(default=50, ge=1, le=500)  # lookups
    resolver: str | None = Field(default=None, pattern=r"^[0-9.]+:[0-9]{1,5}$")  # ADDRESS:PORT; default: the machine's
    seconds: float = Field(default=5.0, gt=0, le=60)  # for one lookup
