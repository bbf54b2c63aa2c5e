"""The board: where it answers, to whom, and how people sign in."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from config.fields import BesidePath, Interval, Name, WebUrl
from config.model import Model
from config.watch import Listen
from safety.secret import Secret

Role = Literal["viewer", "analyst", "approver", "admin"]
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def origin(value: str) -> str:
    """Accept an origin as a browser's address line has it; return it as browsers send it.

    Raises:
        ValueError: it is none.
    """
    scheme, colon, host = value.lower().partition("://")
    if scheme not in DEFAULT_PORTS or not colon or not host or set(host) & set("/?#@\\ "):
        raise ValueError('expected an origin without a path, e.g. "https://mekiki.hoshino-denki.example"')
    return f"{scheme}://{host.removesuffix(DEFAULT_PORTS[scheme])}"


def network(value: str) -> str:
    """Accept an address or a network.

    Raises:
        ValueError: it is none, or has bits of a host.
    """
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError(
            f'expected an address or a network such as "10.0.3.7" or "10.0.3.0/24", got {value!r}'
        ) from None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: "localhost", 127.0.0.1, ::1."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class SingleSignOn(Model):
    """An OpenID Connect issuer that people sign in with."""

    issuer: WebUrl  # exactly as its tokens name it; https, where it is not on this machine
    client_id: Name
    client_secret: Secret | None = None  # default: a public client, protected by PKCE alone
    claim: Name = (
        "preferred_username"  # of its tokens: what becomes the login; one that people cannot change themselves
    )
    scopes: tuple[Name, ...] = ("openid", "profile", "email")
    name: Name = "OpenID Connect"  # what the sign-in page calls it

    @model_validator(mode="after")
    def _is_told_in_private(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError("issuer: expected https://")
        return self


class Board(Model):
    """The web board of `mekiki serve`."""

    listen: Listen = "127.0.0.1:8480"
    url: Annotated[str, AfterValidator(origin)] | None = None  # as people type it; default: what `listen` says
    certificate: BesidePath | None = None  # PEM, with its chain; with `key` the board speaks TLS itself
    key: BesidePath | None = None  # PEM, without a password
    session: Interval = Field(default=timedelta(hours=12), validate_default=True)  # after which one signs in again
    idle: Interval = Field(default=timedelta(hours=2), validate_default=True)  # without a click
    # Addresses or networks of reverse proxies that speak TLS for the board. Outside loopback nobody else is answered.
    proxies: tuple[Annotated[str, AfterValidator(network)], ...] = ()
    # Header in which these proxies name who signed in with them, e.g. "X-Forwarded-User".
    identity: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9-]{0,63}$")] | None = None
    # Role of whoever comes from single sign-on without an account; default: they are refused.
    newcomers: Literal["viewer", "analyst"] | None = None
    oidc: SingleSignOn | None = None
    # An included file to which admins may append [[ownership]]; default: the board shows the lines to commit.
    writes: BesidePath | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: set both or neither")
        if self.certificate is not None and self.url is not None and self.url.startswith("http:"):
            raise ValueError("url begins with http://, but with a certificate the board speaks TLS: expected https://")
        if self.identity is not None and not self.proxies:
            raise ValueError("identity needs proxies: the addresses from which this header is believed")
        if self.newcomers is not None and self.identity is None and self.oidc is None:
            raise ValueError("newcomers come from single sign-on: set identity or [board.oidc]")
        return self

    @property
    def trusted(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `proxies`."""
        return tuple(ip_network(one) for one in self.proxies)
