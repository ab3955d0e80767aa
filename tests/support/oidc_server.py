"""An OpenID Connect provider of our own, over real HTTP, which does whatever a test tells it to.

It asks nobody for a password: whoever comes is `person`, and is sent back at once.
"""

import base64
import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "opensink", "the client's secret"
Json = dict[str, Any]


class OidcServer(AbstractContextManager["OidcServer"]):
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

    def __enter__(self) -> "OidcServer":
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                provider.requests.append(parts.path)
                query = dict(parse_qsl(parts.query))
                if parts.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(query))
                    self.end_headers()
                else:
                    self._send(provider.document(parts.path, self.headers["Authorization"]))

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = dict(parse_qsl(self.rfile.read(length).decode()))
                self._send(provider.token(form, self.headers["Authorization"]))

            def _send(self, body: Json) -> None:
                self.send_response(400 if "error" in body else provider.status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.reset()
        return self

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

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
