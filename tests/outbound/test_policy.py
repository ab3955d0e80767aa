"""Which addresses may be reached under which name, with and without entries of the operator's."""

import pytest

from opensink_web.outbound.policy import EndpointPolicy

PUBLIC = EndpointPolicy()

METADATA = ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"]

PUBLIC_ADDRESSES = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]

SPECIAL_ADDRESSES = [
    "0.0.0.0",  # noqa: S104 - asked about, not bound
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:0:808:808:0:0:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    *METADATA,
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_addresses_are_permitted(address: str) -> None:
    assert PUBLIC.allows("agent.example", address)


@pytest.mark.parametrize("address", SPECIAL_ADDRESSES)
def test_special_addresses_are_refused(address: str) -> None:
    assert not PUBLIC.allows("agent.example", address)


def test_a_teredo_address_with_public_ends_is_permitted() -> None:
    assert PUBLIC.allows("agent.example", "2001:0:808:808:0:0:f7f7:f7f7")


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "1.2.3.4.5", "::1::", "256.0.0.1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert not PUBLIC.allows("agent.example", address)


def test_entries_add_to_public_addresses() -> None:
    policy = EndpointPolicy.from_entries(("127.0.0.0/8",))
    assert policy.allows("agent.example", "127.0.0.1")
    assert policy.allows("agent.example", "8.8.8.8")
    assert not policy.allows("agent.example", "10.0.0.1")
    assert not policy.allows("agent.example", "::1")


def test_a_cidr_permits_its_addresses_in_every_spelling() -> None:
    policy = EndpointPolicy.from_entries(("10.1.0.0/16", "fd12::/16"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd12::9"):
        assert policy.allows("agent.example", address)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "fd13::9"):
        assert not policy.allows("agent.example", address)


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.1/32"])
def test_an_address_alone_is_its_own_cidr(entry: str) -> None:
    policy = EndpointPolicy.from_entries((entry,))
    assert policy.allows("any.example", "127.0.0.1")
    assert not policy.allows("any.example", "127.0.0.2")


def test_a_listed_name_permits_private_addresses_for_itself_alone() -> None:
    policy = EndpointPolicy.from_entries(("agent.internal",))
    for host in ("agent.internal", "AGENT.internal", "agent.internal."):
        assert policy.allows(host, "10.0.0.1")
        assert policy.allows(host, "::1")
    for host in ("x.agent.internal", "agent.internal.evil.example", "xagent.internal"):
        assert not policy.allows(host, "10.0.0.1")


def test_a_listed_suffix_permits_names_below_it_and_not_itself() -> None:
    policy = EndpointPolicy.from_entries(("*.corp.example",))
    for host in ("a.corp.example", "a.b.corp.example", "a.corp.example."):
        assert policy.allows(host, "10.0.0.1")
    for host in ("corp.example", "xcorp.example", "a.corp.example.evil"):
        assert not policy.allows(host, "10.0.0.1")


@pytest.mark.parametrize("address", METADATA)
def test_metadata_needs_its_exact_cidr(address: str) -> None:
    wide = EndpointPolicy.from_entries(
        ("agent.internal", "169.254.0.0/16", "168.63.129.0/24", "100.64.0.0/10", "fd00::/8")
    )
    assert not wide.allows("agent.internal", address)
    exact = EndpointPolicy.from_entries((f"{address}/{128 if ':' in address else 32}",))
    assert exact.allows("agent.internal", address)


@pytest.mark.parametrize("cidr", ["64:ff9b::/96", "::/0", "::ffff:0:0/96", "2002::/16"])
@pytest.mark.parametrize(
    "address", ["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"]
)
def test_metadata_inside_ipv6_is_not_permitted_by_a_wide_cidr(cidr: str, address: str) -> None:
    assert not EndpointPolicy.from_entries((cidr,)).allows("agent.internal", address)


def test_the_refusal_names_the_address_and_the_setting() -> None:
    assert PUBLIC.check_url("http://10.0.0.1/x") == (
        "10.0.0.1 is not a public address, so it is not called. "
        "Whoever runs this server can permit it with EXECUTION_ENDPOINT_HOSTS."
    )


@pytest.mark.parametrize(
    ("entries", "url"),
    [
        (("127.0.0.0/8",), "http://127.0.0.1:8080/"),
        (("127.0.0.0/8",), "http://localhost:8080/"),
        (("::1/128",), "http://[::1]:8080/"),
        (("localhost",), "http://localhost:8080/"),
        (("*.localhost",), "http://agent.localhost/"),
        (("169.254.169.254/32",), "http://169.254.169.254/"),
    ],
)
def test_a_url_that_the_operator_has_permitted_can_be_saved(
    entries: tuple[str, ...], url: str
) -> None:
    assert PUBLIC.check_url(url) is not None
    assert EndpointPolicy.from_entries(entries).check_url(url) is None
