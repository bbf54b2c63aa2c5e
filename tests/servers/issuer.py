"""A little OpenID Connect issuer: describes itself, has keys, changes codes for signed tokens; lies where told to."""

import hmac
import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from tests.servers.web import Answer, Hit, WebServer

CLIENT, SECRET = "mekiki-board", "a secret of the client+/="


class IssuerServer:
    """An issuer at 127.0.0.1; use as a context manager. `authorize` is what a person does at its page."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.other = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
        self.claims: dict[str, Any] = {}  # that tokens have instead of the right ones
        self.described: dict[str, Any] = {}  # as above, of its description
        self.sign: Callable[[dict[str, Any]], str] = self._signed
        self.tokens: list[dict[str, list[str]]] = []  # forms that came to change codes
        self.web = WebServer(
            {
                "/.well-known/openid-configuration": lambda hit: _json(self._description()),
                "/keys": lambda hit: _json(KeySet([self.key, self.other]).as_dict(private=False)),
                "/token": self._token,
            }
        )
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        return self.web.url

    def authorize(self, address: str, **claims: Any) -> str:
        """Sign somebody in at the address that a browser was led to; return the query with which it is led back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.url}/authorize?")
        assert (asked["client_id"], asked["response_type"], asked["scope"]) == (CLIENT, "code", "openid profile email")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        self.claims = claims
        return f"code={code}&state={asked['state']}"

    def _description(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.described,
        }

    def _token(self, hit: Hit) -> Answer:
        form = parse_qs(hit.body.decode())
        self.tokens.append(form)
        asked = self._codes.pop(form["code"][0], None)
        pair = b64decode(hit.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if asked is None or pair != "mekiki-board:a+secret+of+the+client%2B%2F%3D":
            return _json({"error": "invalid_grant"}, 400)
        if asked["redirect_uri"] != form["redirect_uri"][0]:
            return _json({"error": "invalid_grant"}, 400)
        if create_s256_code_challenge(form["code_verifier"][0]) != asked["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        at = int(self.now().timestamp())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "248289761001", "iat": at, "exp": at + 300,
                  "nonce": asked["nonce"], "preferred_username": "aoki"} | self.claims  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return _json({"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(claims)})

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def signed_by_its_other_key(self, claims: dict[str, Any]) -> str:
        """Sign with ES256."""
        return jwt.encode({"alg": "ES256", "kid": "two"}, claims, self.other)

    def signed_by_a_stranger(self, claims: dict[str, Any]) -> str:
        """Sign with a key that is not the issuer's, under the name of one that is."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))

    def unsigned(self, claims: dict[str, Any]) -> str:
        """Write a token with alg none."""
        return jwt.encode({"alg": "none", "kid": "one"}, claims, OctKey.import_key("x"), algorithms=["none"])

    def signed_with_the_public_key_as_secret(self, claims: dict[str, Any]) -> str:
        """Sign with HS256 and the PEM of the public key, which everybody has."""
        head = {"alg": "HS256", "kid": "one", "typ": "JWT"}
        text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims))
        signature = hmac.digest(self.key.as_pem(private=False), text, "sha256")  # libraries refuse to do this
        return (text + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()

    def signed_with_the_clients_secret(self, claims: dict[str, Any]) -> str:
        """Sign with HS256 and the secret of the client."""
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(SECRET))

    def __enter__(self) -> Self:
        self.web.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.web.__exit__(kind, error, trace)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(body=json.dumps(value).encode(), status=status, kind="application/json")
