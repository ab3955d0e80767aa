"""Ways in, in Chromium: cookies, redirects and the policy as they are."""

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from opensink_web import clock
from tests.browser.conftest import EMAIL, PATIENCE_MS, Site, sign_in
from tests.conftest import PASSWORD
from tests.support.oidc_server import OidcServer

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


def test_a_second_factor_is_set_up_and_asked_for_without_scripts(
    chromium: Browser, site: Site
) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page)
    page.goto("/account/second-factor")
    page.get_by_role("button", name="Set it up").click()
    expect(page.locator(".qr-code svg")).to_be_visible()
    app = pyotp.TOTP(page.locator("#second-factor-secret").inner_text())
    page.get_by_label("Code that the app shows").fill(app.at(clock.now()))
    page.keyboard.press("Enter")
    page.get_by_role("link", name="I have kept them").click()
    context.clear_cookies()
    page.goto("/sign-in")
    sign_in(page, on_the_way=True)
    # of the next step: this one's was used, and one before it may be too old as it arrives
    page.get_by_label("Code").fill(app.at(clock.now(), counter_offset=1))
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox")
    page.goto("/account/second-factor")
    page.get_by_label("Your password").nth(1).fill(PASSWORD)
    page.get_by_role("button", name="Turn it off").click()
    expect(page.get_by_text("no longer has a second factor")).to_be_visible()
    context.close()
