"""The way in through a provider, in Chromium: cookies, redirects and the policy as they are."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import EMAIL, sign_in
from tests.oidc_server import OidcServer

pytestmark = pytest.mark.server


def test_a_provider_is_linked_once_and_then_lets_in(page: Page, provider: OidcServer) -> None:
    provider.person["email"] = EMAIL
    page.goto("/account")
    page.get_by_role("link", name="Continue with Acme").click()
    expect(page.get_by_text("Sign in with its password once")).to_be_visible()
    sign_in(page, on_the_way=True)
    page.get_by_role("button", name="Link the two").click()
    expect(page.get_by_role("row", name=provider.issuer)).to_be_visible()

    page.context.clear_cookies()
    page.goto("/account")
    page.get_by_role("link", name="Continue with Acme").click()
    page.wait_for_url("**/account")
    page.locator("summary", has_text="Unlink").click()
    page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("no longer opens your account")).to_be_visible()
