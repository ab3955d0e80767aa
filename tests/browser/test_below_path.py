"""Everything below a path of a host that others share, behind proxies that strip it or do not."""

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import EMAIL, PATIENCE_MS, Site, sign_in, site_of
from tests.conftest import PASSWORD
from tests.support.forked_site import ForkedSite
from tests.support.reverse_proxy import ReverseProxy

pytestmark = pytest.mark.server

PATH = "/opensink"
OF_EACH_KIND = 2
ROWS = {
    "type": "object",
    "properties": {
        "names": {"type": "array", "title": "Names", "items": {"type": "string", "title": "Name"}}
    },
}
FORM = re.compile(r'(?:action|hx-post)="([^"]+)"')
LINK = re.compile(r'\s(?:href|src|action|formaction|hx-(?:get|post|put|patch|delete))="([^"]+)"')


@pytest.fixture(scope="module")
def proxy() -> Iterator[ReverseProxy]:
    with ReverseProxy(0, PATH) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def below(proxy: ReverseProxy, migrated_sqlite: Path) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="osbelow") as folder:
        opensink = ForkedSite(Path(folder) / "var")
        opensink.begin_with(migrated_sqlite)
        proxy.upstream_port = opensink.port
        with site_of(opensink, url=proxy.url, PUBLIC_URL=proxy.url) as site:
            yield site


@pytest.fixture(params=[True, False], ids=["strips", "passes on"])
def there(request: pytest.FixtureRequest, proxy: ReverseProxy, below: Site) -> Site:
    """The server behind either kind of proxy."""
    proxy.strips = request.param
    proxy.strays.clear()
    return below


@pytest.fixture
def browser_page(chromium: Browser, there: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=f"{there.url}/")
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def test_a_person_signs_in_and_answers(
    browser_page: Page, there: Site, proxy: ReverseProxy
) -> None:
    page = browser_page
    ids = there.ask(ROWS, title="Below a path?")
    page.goto(there.page(f"/requests/{ids['request_id']}"))
    sign_in(page, on_the_way=True)
    page.get_by_role("button", name=re.compile("Add an entry")).click()
    page.get_by_label("Name").last.fill("Ada")
    page.get_by_role("button", name="Send answer").click()
    expect(page.locator("#last-decision")).to_contain_text("Answered")
    page.locator("summary", has_text=EMAIL).click()
    page.get_by_role("button", name="Dark").first.click()
    page.get_by_role("link", name="Inbox").first.click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    cookies = page.context.cookies()
    assert {cookie["name"] for cookie in cookies} >= {"opensink_session", "theme"}
    assert all(cookie["path"].startswith(PATH) for cookie in cookies)
    page.locator("summary", has_text=EMAIL).click()
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url(f"{there.url}/sign-in*")
    assert proxy.strays == []


def signed_in_client(there: Site) -> requests.Session:
    client = requests.Session()
    form = client.get(f"{there.url}/sign-in", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None
    fields = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(there.url))
    answer = client.post(
        f"{there.url}/sign-in", data=fields, timeout=60, headers={"Origin": origin}
    )
    assert answer.url == there.page("/inbox")
    return client


def crawled(client: requests.Session, start: str) -> dict[str, str]:
    """Follow every link from page to page, of each kind of page a few; return which led where."""
    waiting = [(start, "the start")]
    seen: dict[str, str] = {}
    kinds: Counter[str] = Counter()
    while waiting:
        url, source = waiting.pop(0)
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\?.*|(?<=/docs/forms/).+", "…", url)
        kinds[kind] += 1
        if url in seen or kinds[kind] > OF_EACH_KIND:
            continue
        seen[url] = source
        answer = client.get(url, timeout=60)
        assert answer.status_code == 200, (url, source, answer.status_code)
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        forms = {*FORM.findall(answer.text)}
        for found in LINK.findall(answer.text):
            target = urljoin(answer.url, unescape(found)).partition("#")[0]
            same_host = urlsplit(target).netloc == urlsplit(start).netloc
            assert not same_host or target.startswith(f"{start.partition(PATH)[0]}{PATH}"), (
                url,
                found,
            )
            if same_host and found not in forms and not answer.history:
                waiting.append((target, url))
    return seen


def test_every_link_and_every_form_stays_below_it(there: Site, proxy: ReverseProxy) -> None:
    there.ask(ROWS, title="To be seen")
    there.execute_batch("http://127.0.0.1:9/", [{}, {}])
    client = signed_in_client(there)
    seen = crawled(client, there.page("/inbox"))
    assert len(seen) > 40
    assert proxy.strays == []


def test_programs_reach_it_there(there: Site, proxy: ReverseProxy) -> None:
    document = there.get("/openapi.json")
    assert document["servers"] == [{"url": there.url}]
    assert requests.get(f"{there.url}/healthz", timeout=60).json() == {"status": "ok"}
    assert requests.get(f"{there.url}/nowhere", timeout=60).status_code == 404
    agents = requests.get(f"{there.url}/agents/nowhere", timeout=60)
    assert agents.headers["Content-Type"].startswith("application/json"), "the API's own language"


def test_links_for_others_carry_it_once(there: Site, proxy: ReverseProxy) -> None:
    client = signed_in_client(there)
    page = client.get(there.page("/admin/members"), timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "role": "viewer", "email": ""}
    shown = client.post(there.page("/admin/members"), data=form, timeout=60).text
    links = re.findall(r"http://127[^\s\"<]+/sign-up/[^\s\"<]+", shown)
    assert links, shown
    assert all(link.startswith(f"{there.url}/sign-up/") for link in links)
    assert requests.get(links[0], timeout=60).status_code == 200
