"""An OpenID Connect provider of our own, over real HTTP, which does whatever a test tells it to.

It asks nobody for a password: whoever comes is `person`, and is sent back at once.
"""

import base64
import json
import time
from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.http_server import HttpServer, Received, Reply

CLIENT_ID, CLIENT_SECRET = "opensink", "the client's secret"
Json = dict[str, Any]


class OidcServer(HttpServer):
    """`reset` makes it honest again; the fields below are what a test may change."""

    person: Json
    answer: Json | None  # what comes back instead of a code
    sign: Callable[[Json], str]  # makes the ID token of its claims
    changes: Json  # what is different in the ID token; None leaves a claim out
    userinfo: Json
    discovery: Json  # what is different in the discovery document
    status: int

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=True)]
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        super().__enter__()
        self.issuer = self.origin
        self.reset()
        return self

    def respond(self, received: Received) -> Reply:
        authorization = received.headers.get("authorization")
        if received.method == "POST":
            form = dict(parse_qsl(received.raw.decode()))
            return self._document(self.token(form, authorization))
        parts = urlsplit(received.path)
        self.requests.append(parts.path)
        if parts.path == "/authorize":
            location = self.authorize(dict(parse_qsl(parts.query)))
            return Reply(302, headers={"Location": location})
        return self._document(self.document(parts.path, authorization))

    def _document(self, body: Json) -> Reply:
        return Reply(400 if "error" in body else self.status, json.dumps(body).encode())

    def reset(self) -> None:
        self.person = {"sub": "42", "email": "bob@example.com", "email_verified": True}
        self.answer = None
        self.sign = self.sign_with_own_key
        self.changes = {}
        self.userinfo = {}
        self.discovery = {}
        self.status = 200
        self._codes: dict[str, Json] = {}
        self.requests.clear()

    def sign_with_own_key(self, claims: Json) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.keys[-1].kid}, claims, self.keys[-1])

    def authorize(self, query: Json) -> str:
        """Return where the browser goes from here."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = token_urlsafe()
        self._codes[code] = query
        answer = {"code": code} if self.answer is None else self.answer
        return f"{query['redirect_uri']}?{urlencode({'state': query['state']} | answer)}"

    def document(self, path: str, authorization: str | None) -> Json:
        if path == "/.well-known/openid-configuration":
            names = ("authorize", "token", "jwks")
            authorize, token, jwks = (f"{self.issuer}/{name}" for name in names)
            document = {"issuer": self.issuer, "authorization_endpoint": authorize}
            document |= {"token_endpoint": token, "jwks_uri": jwks}
            return document | {"userinfo_endpoint": f"{self.issuer}/userinfo"} | self.discovery
        if path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        assert path == "/userinfo"
        assert authorization == "Bearer access"
        return self.userinfo

    def token(self, form: Json, authorization: str | None) -> Json:
        """Exchange a code, once, for who asked for it with the right verifier and secret."""
        asked = self._codes.pop(form["code"], None)
        secret = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return {"error": "invalid_grant"}
        if authorization != f"Basic {secret}" and form.get("client_secret") != CLIENT_SECRET:
            return {"error": "invalid_client"}
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest())
        if challenge.decode().rstrip("=") != asked["code_challenge"]:
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"]} | self.person | self.changes
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"access_token": "access", "token_type": "Bearer", "id_token": self.sign(claims)}
