"""A reverse proxy as people put before OpenSink, with the mistakes that they make."""

import http.client
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}


class ReverseProxy:
    """Passes what is asked for below `path` on to a port of this machine, and nothing else.

    What is asked for elsewhere on the host is another application's: it stands in `strays`.
    With `strips` the path is taken off. `host` is sent as the host, the caller's when None.
    `adds` are headers for the server, `drops` and `loses` name those that get lost on the way to it
    and on the way back, in lower case.
    """

    def __init__(self, upstream_port: int, path: str = "") -> None:
        self.upstream_port = upstream_port
        self.path = path
        self.strips = False
        self.host: str | None = None
        self.adds: dict[str, str] = {}
        self.drops: set[str] = set()
        self.loses: set[str] = set()
        self.timeout_seconds = 60.0
        self.strays: list[str] = []
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.origin}{self.path}"

    def __enter__(self) -> "ReverseProxy":
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: ReverseProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        proxy = self.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not f"{urlsplit(self.path).path}/".startswith(f"{proxy.path}/"):
            proxy.strays.append(self.path)
            self._answer(404, [], b"another application")
            return
        path = self.path.removeprefix(proxy.path) if proxy.strips else self.path
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in HOP_BY_HOP | proxy.drops
        }
        if proxy.host is not None:
            headers["Host"] = proxy.host
        connection = http.client.HTTPConnection(
            "127.0.0.1", proxy.upstream_port, timeout=proxy.timeout_seconds
        )
        with closing(connection):
            try:
                connection.request(self.command, path or "/", body or None, headers | proxy.adds)
                response = connection.getresponse()
                answered = response.read()
            except TimeoutError:
                self._answer(504, [], b"the server took too long")
                return
            lost = HOP_BY_HOP | proxy.loses
            kept = [each for each in response.getheaders() if each[0].lower() not in lost]
            self._answer(response.status, kept, answered)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


for _verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_verb}", _Handler._pass_on)
