"""Settings: read once, checked, and handed to the processes below `opensink up`."""

import os
from dataclasses import fields
from pathlib import Path

import pytest
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from opensink_web.errors import ConfigurationError
from opensink_web.settings import (
    LOOPBACK_ENDPOINT_HOSTS,
    MAX_SOCKET_PATH_BYTES,
    Settings,
    described_settings,
)


def test_without_variables_everything_is_in_one_folder_on_this_machine() -> None:
    settings = Settings.from_env({})
    assert settings.data_dir == Path("var").absolute()
    assert settings.uses_sqlite
    assert settings.embeds_redis
    assert settings.public_url == "http://127.0.0.1:7465"
    assert settings.execution_endpoint_hosts == ()
    assert (settings.callback_url_hosts, settings.callback_allow_cidrs) == ((), ())
    assert settings.outbound_ca_bundle is None


def test_changes_go_before_the_environment() -> None:
    settings = Settings.from_env({"PORT": "1", "HOST": "::1"}, changes={"PORT": "8000"})
    assert settings.public_url == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "http"),
        ("WORKERS", "0"),
        ("CALLS_PER_WORKER", "0"),
        ("CALLS_PER_AGENT", "many"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("REDIS_URL", "http://localhost"),
        ("PUBLIC_URL", "opensink.example.com"),
        ("PUBLIC_URL", "https://opensink.example.com/?x=1"),
        ("PUBLIC_URL", "https://opensink.example.com/a//b"),
        ("PUBLIC_URL", "https://opensink.example.com/a/../b"),
        ("PUBLIC_URL", "https://opensink.example.com/a b"),
        ("PUBLIC_URL", "https://me:secret@opensink.example.com"),
        ("PUBLIC_URL", "https://opensink.example.com:port"),
        ("TRACE_URL_TEMPLATE", "https://traces.example.com/"),
        ("TRACE_URL_TEMPLATE", "https://{trace_id}.example.com/"),
        ("TRACE_URL_TEMPLATE", "https://me:secret@traces.example.com/{trace_id}"),
        ("TRACE_URL_TEMPLATE", "javascript:alert({trace_id})"),
        ("TRACE_URL_TEMPLATE", "traces.example.com/{trace_id}"),
        ("TRACE_URL_TEMPLATE", 'https://traces.example.com/{trace_id}?q="'),
        ("EXECUTION_ENDPOINT_HOSTS", "10.0.0.0/33"),
        ("OIDC_ISSUER", "http://login.example.com"),
        ("OIDC_ISSUER", "https://"),
        ("OIDC_JOIN_DOMAINS", "*"),
        ("OIDC_JOIN_DOMAINS", "@example.com"),
        ("OIDC_JOIN_ROLE", "admin"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "proxy.example.com"),
        ("TRUSTED_PROXIES", "99"),
        ("TRUSTED_PROXIES", "1,10.0.0.1"),
        ("API_REQUESTS_PER_MINUTE", "0"),
        ("CALLS_PER_FUNCTION", "0"),
        ("MAX_BATCH_SIZE", "0"),
        ("RETENTION_DAYS_SESSIONS", "-1"),
        ("RETENTION_DAYS_EXECUTIONS", "a week"),
        ("RETENTION_DAYS_CHATS", "36501"),
        ("FUNCTION_MEMORY_MB", "1"),
        ("FUNCTION_FILE_MB", "0"),
        ("CALLBACK_URL_HOSTS", "https://app.example.com"),
        ("CALLBACK_URL_HOSTS", "app.example.com:443"),
        ("CALLBACK_URL_HOSTS", "*.example.com"),
        ("CALLBACK_URL_HOSTS", "127.1"),
        ("CALLBACK_URL_HOSTS", "app.0x7f"),
        ("CALLBACK_URL_HOSTS", "fe80::1%eth0"),
        ("CALLBACK_URL_HOSTS", "a..b"),
        ("CALLBACK_URL_HOSTS", "*,a/b"),
        ("CALLBACK_ALLOW_CIDRS", "10.0.0.0/33"),
        ("CALLBACK_ALLOW_CIDRS", "app.example.com"),
        ("SMTP_HOST", "smtp://mail.example.com"),
        ("SMTP_HOST", "mail.example.com:587"),
        ("SMTP_PORT", "65536"),
        ("SMTP_SECURITY", "ssl"),
        ("SMTP_FROM", "OpenSink"),
        ("SMTP_FROM", "a@example.com, b@example.com"),
        ("SMTP_FROM", "a@example.com\r\nBcc: b@example.com"),
        ("SMTP_FROM", "OpenSink <a@b@c>"),
        ("OUTBOUND_CA_BUNDLE", "/nowhere/ca.pem"),
        ("OUTBOUND_CA_BUNDLE", "/"),
        ("OUTBOUND_CA_BUNDLE", "pyproject.toml"),
    ],
)
def test_a_wrong_variable_is_named_in_one_sentence(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as fault:
        Settings.from_env({name: text})
    assert name in fault.value.message
    assert "\n" not in fault.value.message


def test_a_provider_of_sign_ins_needs_to_know_who_we_are() -> None:
    with pytest.raises(ConfigurationError, match="OIDC_CLIENT_ID"):
        Settings.from_env({"OIDC_ISSUER": "https://login.example.com"})


def test_a_mail_server_needs_to_know_who_mails_are_from() -> None:
    with pytest.raises(ConfigurationError, match="SMTP_FROM"):
        Settings.from_env({"SMTP_HOST": "mail.example.com"})


@pytest.mark.parametrize(
    ("security", "port"), [("", 587), ("starttls", 587), ("tls", 465), ("none", 25)]
)
def test_a_mail_server_is_at_the_port_that_goes_with_its_security(security: str, port: int) -> None:
    given = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "OpenSink <sink@example.com>"}
    assert Settings.from_env({**given, "SMTP_SECURITY": security}).smtp_port == port
    assert Settings.from_env({**given, "SMTP_PORT": "2525"}).smtp_port == 2525


def test_children_know_the_port_that_was_free() -> None:
    children = Settings.from_env({"PORT": "0"}).for_children(8123)
    assert children.port == 8123
    assert children.public_url == "http://127.0.0.1:8123"
    assert children.supervised


def test_children_keep_the_public_url_and_the_endpoint_hosts_that_were_set() -> None:
    given = {"PUBLIC_URL": "https://sink.example.com/", "EXECUTION_ENDPOINT_HOSTS": "*.internal"}
    children = Settings.from_env(given).for_children(8123)
    assert children.public_url == "https://sink.example.com"
    assert children.execution_endpoint_hosts == ("*.internal",)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", LOOPBACK_ENDPOINT_HOSTS),
        ("localhost", LOOPBACK_ENDPOINT_HOSTS),
        ("::1", LOOPBACK_ENDPOINT_HOSTS),
        ("0.0.0.0", ()),  # noqa: S104 - that is the test
        ("192.168.0.7", ()),
    ],
)
def test_endpoints_on_this_machine_are_allowed_when_only_it_can_reach_us(
    host: str, allowed: tuple[str, ...]
) -> None:
    children = Settings.from_env({"HOST": host}).for_children(8123)
    assert children.execution_endpoint_hosts == allowed


def test_every_setting_for_operators_says_what_it_is_and_what_happens_without_it() -> None:
    described = described_settings()
    assert list(described) == [each.name for each in fields(Settings)]
    for_operators = [each for each in described.values() if each.description]
    assert {each.variable for each in described.values()} - {
        each.variable for each in for_operators
    } == {"OPENSINK_SUPERVISED"}
    assert [
        each.variable for each in for_operators if not each.default + each.default_in_words
    ] == []


def test_no_secret_is_in_what_a_log_shows_of_the_settings() -> None:
    secret = {each.variable for each in described_settings().values() if each.is_secret}
    assert secret >= {
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "DATABASE_URL",
        "OIDC_CLIENT_SECRET",
        "SMTP_PASSWORD",
    }
    given = {
        "DATABASE_URL": "postgresql://u:letmein@db/x",
        "REDIS_URL": "redis://:letmein@r",
        "SECRET_KEY": "letmein",
        "OIDC_CLIENT_SECRET": "letmein",
        "SMTP_PASSWORD": "letmein",
    }
    assert "letmein" not in repr(Settings.from_env(given))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"DATABASE_URL": "postgres://u:p@db/x", "REDIS_URL": "rediss://r", "SECRET_KEY": "k" * 32},
        {
            "OIDC_ISSUER": "https://login.example.com/",
            "OIDC_CLIENT_ID": "us",
            "OIDC_CLIENT_SECRET": "s",
            "OIDC_NAME": "Acme, Inc.",
            "OIDC_JOIN_DOMAINS": "Example.com, example.org",
            "OIDC_JOIN_ROLE": "reviewer",
        },
        {"DATA_DIR": "/srv/with space and %", "HOST": "::1", "WORKERS": "7"},
        {
            "CALLBACK_URL_HOSTS": "App.example.com, 8.8.8.8, 2606:4700:4700::1111",
            "CALLBACK_ALLOW_CIDRS": "10.20.0.0/16,::1",
            "OUTBOUND_CA_BUNDLE": DEFAULT_CA_BUNDLE_PATH,
            "CALLS_PER_FUNCTION": "3",
            "PYTHON_CALLS_PER_WORKER": "5",
            "MAX_BATCH_SIZE": "5000",
            "RETENTION_DAYS_SESSIONS": "30",
            "RETENTION_DAYS_EXECUTIONS": "7",
            "RETENTION_DAYS_CHATS": "1",
            "FUNCTION_MEMORY_MB": "256",
            "FUNCTION_FILE_MB": "7",
        },
        {"CALLBACK_URL_HOSTS": "*"},
    ],
)
def test_a_child_reads_the_same_settings(given: dict[str, str]) -> None:
    children = Settings.from_env(given).for_children(8123)
    assert Settings.from_env(children.environment()) == children
    assert children.environment()["PATH"] == os.environ["PATH"]


def test_python_functions_are_bounded_by_the_number_of_processors() -> None:
    unset = Settings.from_env({}).python_calls_per_worker
    assert unset > 0
    assert unset % 8 == 0
    assert Settings.from_env({"PYTHON_CALLS_PER_WORKER": "3"}).python_calls_per_worker == 3


def test_every_secret_is_kept_from_python_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {each.name.upper() for each in fields(Settings) if not each.repr}
    for name in (*secret, "SOMETHING"):
        monkeypatch.setenv(name, "x")
    seen = Settings.from_env({}).function_environment()
    assert seen["SOMETHING"] == "x"
    assert not secret & seen.keys()


def test_the_socket_of_the_embedded_server_is_short_enough_for_every_kernel() -> None:
    near = Settings.from_env({"DATA_DIR": "/srv/opensink"})
    assert near.embedded_redis_socket == Path("/srv/opensink/redis/redis.sock")
    spaced = Settings.from_env({"DATA_DIR": "/srv/open sink"})
    assert " " not in str(spaced.embedded_redis_socket)
    one, other = (Settings.from_env({"DATA_DIR": f"/srv/{'x' * 100}/{name}"}) for name in "ab")
    assert len(os.fsencode(one.embedded_redis_socket)) <= MAX_SOCKET_PATH_BYTES
    assert one.embedded_redis_socket != other.embedded_redis_socket
