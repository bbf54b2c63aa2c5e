"""Issuer: an OpenID Connect server that says who somebody is (authorization code, PKCE, state, nonce).

1. The browser is led to the issuer with a state, a nonce and a challenge, whose other halves it keeps in a cookie.
2. It comes back with a code and the state; both must be of this browser.
3. The code is changed for an ID token, whose signature, issuer, audience, times and nonce must hold.

Every request to the issuer passes the egress rule; what it answers is hostile and bounded.
"""

import asyncio
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from threading import BoundedSemaphore, Lock
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from alerts.errors import DeliveryError
from alerts.gate import Answer, Gate
from config.board import SingleSignOn
from safety.egress import EgressRule
from safety.secret import SecretError

NAME = "board.oidc"
MOST_ANSWER = 512 * 1024  # bytes
TIMEOUT = timedelta(seconds=10)  # for each request
FRESH = timedelta(minutes=10)  # that the issuer's description is used
LEEWAY = 120  # seconds by which clocks may differ
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)  # with a key pair
KEYS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
FAILED_FOR = timedelta(seconds=10)  # that an issuer which has failed is not asked again
AT_ONCE = 4  # sign-ins under way: each keeps a thread of the board waiting
PATIENCE = 1.0  # seconds that one waits for others
_MOST_KEYS = 50
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "mekiki"}


class IssuerFailed(Exception):
    """The issuer did not answer as it should; the message is for the log."""


class NotProven(Exception):
    """What came back proves nothing; the message is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sign-in under way, as the browser that began it keeps it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> "Flow":
        """Return a new one."""
        return cls(state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What the issuer says of a person."""

    login: str
    subject: str  # the issuer and its own name for them, which nobody else ever gets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    authorization: str
    token: str
    keys: str
    methods: tuple[str, ...]  # by which clients show their secret
    at: datetime


class Issuer:
    """One issuer; may be used by many threads."""

    def __init__(self, sso: SingleSignOn, rule: EgressRule) -> None:
        self._sso = sso
        self._gate = Gate(rule=rule, timeout=TIMEOUT, most=MOST_ANSWER + 1)
        self._described: _Described | None = None
        self._failed: tuple[datetime, Exception] | None = None
        self._lock = Lock()
        self._under_way = BoundedSemaphore(AT_ONCE)

    def address(self, flow: Flow, back: str, *, now: datetime) -> str:
        """Return where the browser is led.

        Raises:
            IssuerFailed: the issuer does not say.
        """
        address: str = prepare_grant_uri(
            self._description(now).authorization,
            client_id=self._sso.client_id,
            response_type="code",
            redirect_uri=back,
            scope=list(self._sso.scopes),
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return address

    def claims(self, flow: Flow, said: Mapping[str, str], back: str, *, now: datetime) -> Claims:
        """Return who came back.

        Args:
            flow: of this browser.
            said: what stands behind the question mark of the address that it came back to.
            back: that address.
            now: the time.

        Raises:
            NotProven: it is not shown to be anybody.
            IssuerFailed: the issuer did not answer as it should.
        """
        if not compare_digest(said.get("state", "").encode(), flow.state.encode()):
            raise NotProven("the state is not the one of this browser")
        if said.get("iss", self._sso.issuer) != self._sso.issuer:  # RFC 9207
            raise NotProven("another issuer sent it back")
        if "error" in said:
            raise NotProven(f"the issuer said: {said['error'][:100]}")
        if not said.get("code"):
            raise NotProven("there is no code")
        if not self._under_way.acquire(timeout=PATIENCE):
            raise IssuerFailed(f"{NAME}: {AT_ONCE} sign-ins wait for it already")
        try:
            described = self._description(now)
            token = self._token(described, said["code"], flow.verifier, back)
            claims = self._checked(token, self._keys(described), flow, now)
        finally:
            self._under_way.release()
        login = claims.get(self._sso.claim)
        if not isinstance(login, str) or not login:
            raise NotProven(f"the token has no {self._sso.claim}")
        if self._sso.claim == "email" and claims.get("email_verified") is not True:
            raise NotProven("the issuer has not verified this address")
        return Claims(login=login, subject=f"{self._sso.issuer} {claims['sub']}")

    def _checked(self, token: Mapping[str, Any], keys: KeySet, flow: Flow, now: datetime) -> Mapping[str, Any]:
        """Return the claims of an ID token that holds."""
        try:
            read = jwt.decode(str(token.get("id_token", "")), keys, algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                read.claims,
                read.header,
                options={
                    "iss": {"essential": True, "value": self._sso.issuer},
                    "aud": {"essential": True, "value": self._sso.client_id},
                    "sub": {"essential": True},
                },
                params={
                    "nonce": flow.nonce,
                    "client_id": self._sso.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:  # the last four: hostile claims
            raise NotProven(f"the token does not hold: {type(error).__name__}: {error}") from None
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise NotProven("the token does not hold: sub")
        return dict(claims)

    def _description(self, now: datetime) -> _Described:
        """Return what the issuer says of itself; while somebody asks, others do not queue up for it."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise IssuerFailed(f"{NAME}: it is being asked and has not answered yet")
        try:
            if self._described is None or now - self._described.at > FRESH:
                if self._failed is not None and timedelta(0) <= now - self._failed[0] < FAILED_FOR:
                    raise IssuerFailed(f"it was asked a moment ago: {self._failed[1]}")
                try:
                    self._described, self._failed = self._describe(now), None
                except (IssuerFailed, NotProven) as error:
                    self._failed = now, error
                    raise
            return self._described
        finally:
            self._lock.release()

    def _describe(self, now: datetime) -> _Described:
        said = self._get(f"{self._sso.issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != self._sso.issuer:
            raise IssuerFailed(f"{NAME}: the server calls itself otherwise than board.oidc.issuer does")
        methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return _Described(
            authorization=self._endpoint(said, "authorization_endpoint"),
            token=self._endpoint(said, "token_endpoint"),
            keys=self._endpoint(said, "jwks_uri"),
            methods=tuple(map(str, methods)) if isinstance(methods, list) else (),
            at=now,
        )

    def _endpoint(self, said: Mapping[str, Any], name: str) -> str:
        """Return an address of the issuer; as private as the issuer's own."""
        address = said.get(name)
        if isinstance(address, str):
            scheme = urlsplit(address).scheme
            if scheme == "https" or (scheme == "http" and self._sso.issuer.startswith("http:")):
                return address
        raise IssuerFailed(f"{NAME}: {name} is no https:// address")

    def _token(self, described: _Described, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        headers = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
        if self._sso.client_secret is None:
            form["client_id"] = self._sso.client_id
        else:
            try:
                secret = self._sso.client_secret.reveal()
            except SecretError as error:
                raise IssuerFailed(f"{NAME}: {error}") from None
            if "client_secret_basic" in described.methods or "client_secret_post" not in described.methods:
                pair = f"{quote_plus(self._sso.client_id)}:{quote_plus(secret)}"
                headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
            else:
                form |= {"client_id": self._sso.client_id, "client_secret": secret}
        return self._read(self._gate.post(NAME, described.token, urlencode(form).encode(), headers))

    def _keys(self, described: _Described) -> KeySet:
        found = self._get(described.keys).get("keys")
        keys: list[Key] = []
        for one in found[:_MOST_KEYS] if isinstance(found, list) else []:
            if isinstance(one, dict) and one.get("kty") in KEYS and one.get("use", "sig") == "sig":
                try:
                    keys.append(KEYS[one["kty"]].import_key(one))
                except (JoseError, ValueError, TypeError):
                    continue  # of a form that is not known here
        if not keys:
            raise IssuerFailed(f"{NAME}: it has no key that could sign")
        return KeySet(keys)

    def _get(self, address: str) -> Mapping[str, Any]:
        return self._read(self._gate.get(NAME, address, _HEADERS))

    def _read(self, exchange: Any) -> Mapping[str, Any]:
        try:
            answer: Answer = asyncio.run(exchange)
        except DeliveryError as error:
            raise IssuerFailed(str(error)) from None
        try:
            said = json.loads(answer.body) if len(answer.body) <= MOST_ANSWER else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise IssuerFailed(f"{NAME}: status {answer.status}, and no JSON of at most {MOST_ANSWER} bytes")
        if answer.status != 200:
            raise NotProven(f"{NAME}: status {answer.status}: {str(said.get('error', ''))[:100]}")
        return said
