"""A server that repeats everything it got: what was secret in a call may not be kept with it."""

from tests.support.http_server import HttpServer, Received, Reply


class RedirectingEcho(HttpServer):
    """Points to an address that is made of the path and all headers that it got."""

    def respond(self, received: Received) -> Reply:
        sent = " ".join((received.path, *received.headers.values()))
        return Reply(302, received.raw, {"Location": f"/sign-in/{sent}"})
