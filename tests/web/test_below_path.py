"""Below a path of a host: where links, redirects and cookies lead, and whose word counts for it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from opensink_web.errors import ConfigurationError
from opensink_web.factory import create_app
from opensink_web.settings import Settings
from tests.conftest import PASSWORD, Cast

ROOT = Path(__file__).parents[2]


def app_at(settings: Settings, public_url: str, trusted: tuple[str, ...] = ()) -> Flask:
    app = create_app(replace(settings, public_url=public_url, trusted_proxies=trusted))
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.mark.parametrize("asked", ["/sign-in", "/opensink/sign-in"])
def test_proxies_may_strip_the_path_or_pass_it_on(
    settings: Settings, cast: Cast, asked: str
) -> None:
    client = Client(app_at(settings, "https://h.example/opensink"))
    data = {"email": cast.bob.email, "password": PASSWORD}
    answer = client.post(asked, base_url="https://h.example", data=data)
    assert answer.location == "/opensink/"
    paths = set(re.findall(r"Path=([^;]+)", "".join(answer.headers.getlist("Set-Cookie"))))
    assert {path.split("/")[1] for path in paths} == {"opensink"}
    names = {each.partition("=")[0] for each in answer.headers.getlist("Set-Cookie")}
    assert "__Secure-opensink_session" in names, "__Host- needs Path=/"
    inbox = client.get("/opensink/w/main/inbox", base_url="https://h.example")
    assert inbox.status_code == 200
    out = client.post("/opensink/sign-out", base_url="https://h.example")
    assert "storage" not in out.headers["Clear-Site-Data"], "that is other applications' too"


@pytest.mark.parametrize("asked", ["/opensinks", "/Opensink/sign-in", "/opensink%2Fsign-in/x"])
def test_what_only_looks_like_the_path_is_not_it(settings: Settings, asked: str) -> None:
    client = Client(app_at(settings, "http://h.example/opensink"))
    assert client.get(asked).status_code == 404


def test_the_bare_path_leads_in(settings: Settings) -> None:
    client = Client(app_at(settings, "http://h.example/opensink"))
    assert client.get("/opensink").status_code == 200


@pytest.mark.parametrize(
    ("goal", "leads_to"),
    [
        ("/opensink/account", "/opensink/account"),
        ("/opensink?x=1", "/opensink?x=1"),
        ("/other-application", "/opensink/"),
        ("/opensinks", "/opensink/"),
        ("//evil.example/opensink/", "/opensink/"),
    ],
)
def test_nobody_is_led_to_another_application(
    settings: Settings, cast: Cast, goal: str, leads_to: str
) -> None:
    client = Client(app_at(settings, "http://h.example/opensink"))
    data = {"email": cast.bob.email, "password": PASSWORD}
    answer = client.post("/opensink/sign-in", query_string={"next": goal}, data=data)
    assert answer.location == leads_to


def test_the_way_back_after_a_sign_in_has_the_path(settings: Settings, cast: Cast) -> None:
    client = Client(app_at(settings, "http://h.example/opensink"))
    answer = client.get("/opensink/w/main/sessions?status=failed")
    expected = "/opensink/sign-in?next=/opensink/w/main/sessions?status%3Dfailed"
    assert answer.location == expected


@pytest.mark.parametrize(
    ("trusted", "said", "leads_to"),
    [
        (("1",), "/below", "/below/sign-in"),
        (("127.0.0.0/8",), "/below/this/", "/below/this/sign-in"),
        ((), "/below", "/sign-in"),
        (("10.0.0.0/8",), "/below", "/sign-in"),
        (("1",), "//evil.example", "/sign-in"),
        (("1",), "https://evil.example", "/sign-in"),
        (("1",), "/a b", "/sign-in"),
        (("1",), "/", "/sign-in"),
    ],
)
def test_without_a_path_of_ours_a_trusted_proxy_says_it(
    settings: Settings, cast: Cast, trusted: tuple[str, ...], said: str, leads_to: str
) -> None:
    client = Client(app_at(settings, "http://h.example", trusted))
    headers, from_where = {"X-Forwarded-Prefix": said}, {"REMOTE_ADDR": "127.0.0.1"}
    answer = client.get("/", headers=headers, environ_base=from_where)
    assert answer.location == leads_to
    drawn = client.get("/sign-in", headers=headers, environ_base=from_where)
    path = leads_to.removesuffix("/sign-in")
    assert f"Path={path or '/'};" in drawn.headers["Set-Cookie"] + ";"
    assert f'src="{path}/static/js/theme.js' in drawn.text


def test_our_own_path_goes_before_a_proxys_word(settings: Settings, cast: Cast) -> None:
    client = Client(app_at(settings, "http://h.example/opensink", ("1",)))
    answer = client.get("/", headers={"X-Forwarded-Prefix": "/below"})
    assert answer.location == "/opensink/sign-in"


@pytest.mark.parametrize("path", ["/w", "/api", "/static/x", "/sign-in", "/functions"])
def test_a_path_with_which_our_own_begin_is_refused(settings: Settings, path: str) -> None:
    with pytest.raises(ConfigurationError, match="Choose another path"):
        app_at(settings, f"http://h.example{path}")


def test_no_template_and_no_script_has_an_address_that_knows_no_path() -> None:
    literal = re.compile(r"""(?:\b(?:href|src|action|hx-\w+)=|href: )["'`]/|Path=/;""")
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static/js").glob("*.js")]
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files
        for match in literal.finditer(path.read_text())
    ]
    assert found == []
