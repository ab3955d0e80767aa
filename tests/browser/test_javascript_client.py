"""The JavaScript client in Chromium, loaded from the server that it calls."""

import requests
from playwright.sync_api import Page

from tests.browser.conftest import Site

PROGRAM = """async (apiKey) => {
  const { Client, NotFound, TimeoutError, verifyCall } = await import("/static/sdk/opensink.js");
  const opensink = new Client({ apiKey });
  const schema = { type: "object", properties: { approved: { type: "boolean" } } };
  const question = await opensink.ask("From a page?", { schema, agent: "Page" });
  const early = await question.waitForAnswer({ timeoutSeconds: 0.1 }).catch((error) => error);
  const waiting = question.waitForAnswer({ timeoutSeconds: 60 });
  await opensink.resolve(question.id, { approved: true });
  const titles = [];
  const listed = opensink.listInputRequests({ key: "question", $limit: 1 });
  for await (const { title } of listed) titles.push(title);
  const headers = new Headers({ "X-OpenSink-Secret": "secret" });
  const call = await verifyCall(headers, '{"request_id": "r"}', { executionSecret: "secret" });
  const key = "whsec_MDEyMzQ1Njc4OWFiY2RlZg==";
  return {
    isEarly: early instanceof TimeoutError,
    value: (await waiting).value,
    titles,
    body: call.body,
    refused: await verifyCall(headers, "", { signingSecret: key }).catch((error) => error.message),
    baseUrl: opensink.baseUrl,
  };
}"""


def test_a_page_of_the_server_asks_and_waits(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/sign-in")
    assert page.evaluate(PROGRAM, site.api_key) == {
        "isEarly": True,
        "value": {"approved": True},
        "titles": ["From a page?"],
        "body": {"request_id": "r"},
        "refused": "The header webhook-timestamp is missing.",
        "baseUrl": site.url,
    }


def test_it_is_served_as_a_module_and_to_pages_of_other_origins_nothing_is(site: Site) -> None:
    origin = {"Origin": "https://elsewhere.example.com"}
    module = requests.get(f"{site.url}/static/sdk/opensink.js", headers=origin, timeout=60)
    assert module.headers["Content-Type"].startswith("text/javascript")
    asked = {**origin, "Access-Control-Request-Method": "POST"}
    for answer in (
        module,
        requests.options(f"{site.url}/api/v1/agents", headers=asked, timeout=60),
        requests.get(f"{site.url}/api/v1/agents", headers=origin, timeout=60),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
