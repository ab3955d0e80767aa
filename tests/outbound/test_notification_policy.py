"""Which URLs notifications may be sent to: people without rights name them."""

import pytest

from opensink_web.outbound.notification_policy import NotificationPolicy
from opensink_web.outbound.policy import EndpointPolicy

PUBLIC = NotificationPolicy.from_entries(())
LISTED = NotificationPolicy.from_entries(("chat.internal", "*.lan", "10.0.0.0/24"))


@pytest.mark.parametrize("url", ["https://hooks.slack.com/services/x", "https://1.1.1.1/x"])
def test_public_addresses_are_called_over_https(url: str) -> None:
    assert PUBLIC.check_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/x",
        "https://10.0.0.7/x",
        "https://127.0.0.1:6379/",
        "https://localhost/x",
        "http://chat.internal/x",
        "ftp://example.com",
    ],
)
def test_nothing_else_is_unless_it_is_listed(url: str) -> None:
    assert PUBLIC.check_url(url) is not None


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://example.com/"])
def test_a_refusal_names_the_setting(url: str) -> None:
    assert "NOTIFICATION_HOSTS" in (PUBLIC.check_url(url) or "")
    assert "NOTIFICATION_HOSTS" in PUBLIC.refusal("chat.example", "10.0.0.1")


@pytest.mark.parametrize(
    "url",
    ["http://chat.internal/x", "https://chat.internal/x", "http://a.lan/", "http://10.0.0.7:8065/"],
)
def test_what_is_listed_is_called_over_http_too(url: str) -> None:
    assert LISTED.check_url(url) is None


def test_where_a_name_leads_is_looked_at_when_it_is_called() -> None:
    assert LISTED.allows("chat.internal", "192.168.0.1")
    assert not LISTED.allows("evil.example", "192.168.0.1")
    assert not LISTED.allows("evil.example", "169.254.169.254")
    assert LISTED.check_url("http://evil.example/") is not None


def test_what_agents_may_be_is_another_matter() -> None:
    """The settings of one say nothing of the other, and refusals name each its own."""
    assert "EXECUTION_ENDPOINT_HOSTS" in EndpointPolicy().refusal("a.example", "10.0.0.1")
