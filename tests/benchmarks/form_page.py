"""What the page of a request with 200 fields costs over HTTP, and a part of it that is drawn anew.

    .venv/bin/python -m tests.benchmarks.form_page [--requests 60]

The web process is a real `opensink web`, as for request_cost; somebody is signed in. Each request
of the first line is for a schema that no form was made of before.
"""

import argparse
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from opensink_web.factory import create_app
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.question import ask
from opensink_web.settings import Settings
from tests.benchmarks.forms import fields
from tests.benchmarks.request_cost import Cast, WebProcess, request, web_process
from tests.conftest import PASSWORD
from tests.support.real_servers import EmbeddedRedis, wait_until

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Reviewer:
    """Somebody who is signed in, and asked."""

    def __init__(self, cast: Cast, web: WebProcess) -> None:
        self._cast = cast
        self._site = f"http://localhost:{web.port}"
        self._browser = requests.Session()
        token = self._token_in("/sign-in")
        data = {"csrf_token": token, "email": cast.person.email, "password": PASSWORD}
        self._browser.post(f"{self._site}/sign-in", data=data, timeout=30).raise_for_status()

    def _token_in(self, path: str) -> str:
        found = _TOKEN.search(self._browser.get(self._site + path, timeout=30).text)
        assert found is not None
        return found[1]

    def asked(self, schema: Any) -> str:
        """Return the path of the page on which a question is answered."""
        (session_id,) = self._cast.start_many(1)
        with self._cast.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, self._cast.person.workspace_id)
            given = {"key": "k", "title": "Buy?", "message": "100 shares", "schema": schema}
            given |= {"requested_by_id": self._cast.person.id}
            asked = ask(workspace, session_id, self._cast.agent_id, **given)
            return f"/w/{self._cast.person.workspace_slug}/requests/{asked.id}"

    def get(self, path: str) -> bytes:
        """Return a request for a page."""
        return request("GET", path, self._headers())

    def redraw(self, path: str) -> bytes:
        """Return a request by which a list of the form gets one more row, as htmx sends it."""
        sent = {"csrf_token": self._token_in(path), "answer-0-0-0": "typed", "_add": "answer-0-0-7"}
        body = urlencode(sent)
        headers = self._headers() | {
            "HX-Request": "true",
            "HX-Target": "answer-0-0-7-part",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        return request("POST", path, headers) + body.encode()

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{each.name}={each.value}" for each in self._browser.cookies)
        return {"Cookie": cookies}


def main() -> None:
    """Print a line for each kind of request."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=60)
    count: int = parser.parse_args().requests
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        environment = {"REDIS_URL": redis.url, "DATA_DIR": str(folder / "data")}
        environment["EXECUTION_ENDPOINT_HOSTS"] = "127.0.0.0/8"
        cast = Cast(create_app(Settings.from_env(environment)))
        web = stack.enter_context(web_process(["opensink_web", "web", "--fd"], environment))
        wait_until(lambda: web.measure([request("GET", "/healthz", {})]), seconds=30)
        reviewer = Reviewer(cast, web)
        news = [fields() | {"$comment": str(number)} for number in range(count // 2)]
        first = [reviewer.get(reviewer.asked(schema)) for schema in news]
        path = reviewer.asked(fields())
        again, redraw = [reviewer.get(path)] * count, [reviewer.redraw(path)] * count
        print(f"{'':38}{'CPU':>11}{'p50':>11}{'p95':>11}{'answered':>11}")
        print(web.measure(first).line("the page, a new schema each time"))
        print(web.measure(again).line("the page, the same schema"))
        print(web.measure(redraw).line("a part drawn anew"))


if __name__ == "__main__":
    main()
