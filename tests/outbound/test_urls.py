"""A corpus of URLs: those that attack, in every spelling we know of, and those that are honest."""

# ruff: noqa: RUF001, S104 - letters that look alike, and 0.0.0.0, are what is tested here

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from opensink_web.outbound.client import Call, Client, Headers
from opensink_web.outbound.destination import parse_destination
from opensink_web.outbound.headers import check_header
from opensink_web.outbound.policy import EndpointPolicy
from tests.outbound.conftest import PATIENCE_SECONDS
from tests.support.cases import for_each
from tests.support.watched import watched

if TYPE_CHECKING:
    from tests.outbound.conftest import Server

HOSTILE_HOSTS = [
    # loopback and "this host"
    *["127.0.0.1", "127.0.0.1.", "127.1.2.3", "127.255.255.254", "0.0.0.0", "localhost"],
    *["localhost.", "LOCALHOST", "LocalHost", "a.localhost", "127.0.0.1:22", "localhost:6379"],
    # short, decimal, octal, hexadecimal and mixed spellings
    *["0", "1", "127.1", "127.0.1", "0.0", "0.0.0", "2130706433", "2130706433.", "017700000001"],
    *["0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1"],
    *["0177.0.0.01", "0177.1", "00177.0.0.1", "127.0.0.0x1", "127.0.0.01", "127.00.0.1"],
    *["0127.0.0.1", "0x0", "00000000", "0x", "127.0.0.", "127..0.1", "3232235521", "0xc0a80001"],
    *["0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "0xa9.0xfe.0xa9.0xfe", "169.254.43518"],
    *["4294967296", "0x100000001", "340282366920938463463374607431768211455", "256.0.0.1"],
    *["127.0.0.1.1", "1.2.3.4.5", "999.999.999.999", "example.0x7f"],
    # other alphabets for the same digits, dots and letters
    *["１２７.0.0.1", "127。0。0。1", "127．0．0．1", "①②⑦.⓪.⓪.①", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ｌocalhost"],
    *["١٢٧.0.0.1", "127.0.0.1\u3002", "exam\u00adple.com", "exam\u200bple.com", "a\u2024b.com"],
    # private, shared, link-local, multicast, reserved, documentation
    *["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.254"],
    *["100.64.0.1", "100.127.255.254", "169.254.0.1", "198.18.0.1", "224.0.0.1", "239.1.1.1"],
    *["240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"],
    *["192.88.99.1", "0.1.2.3"],
    # metadata of clouds
    *["169.254.169.254", "169.254.169.254.", "169.254.170.2", "100.100.100.200", "168.63.129.16"],
    *["192.0.0.192", "[fd00:ec2::254]", "[fd20:ce::254]", "[::ffff:169.254.169.254]"],
    *["[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::169.254.169.254]"],
    *["[2002:a9fe:a9fe::]", "[::a9fe:a9fe]"],
    # IPv6, and IPv4 within it
    *[
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000:0000:0000:0000:0000:0000:0000:0001]",
        "[::0001]",
    ],
    *["[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:7f00:1]"],
    *["[::ffff:0:127.0.0.1]", "[::ffff:10.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::1]"],
    *["[2002:7f00:1::]", "[2002:c0a8:1::1]", "[2001::1]", "[2001:0:7f00:1::]", "[2001:db8::1]"],
    *["[2001:10::1]", "[2001:20::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "[fc00::1]"],
    *["[fd12:3456:789a::1]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]"],
    *["[fe80::1%eth0]", "[fe80::1%25eth0]", "[::1%25lo]", "[2606:4700::1111%25eth0]"],
    *["[127.0.0.1]", "[::1", "::1]", "[]", "[::1]x", "[v1.fe80::a]", "[::ffff:127.1]", "::1"],
    # user information, so that the host seems another
    *["user@127.0.0.1", "user:pass@example.com", "example.com@127.0.0.1", "@example.com"],
    *["example.com:80@127.0.0.1", "example.com%40127.0.0.1", ":@example.com", "a@b@example.com"],
    *["example.com\\@127.0.0.1", "127.0.0.1\\.example.com", "example.com%00.internal"],
    # characters that parsers disagree on
    *["exa mple.com", "exa\tmple.com", "exa\nmple.com", "exa\r\nmple.com", "example.com\x00"],
    *["example.com\x7f", "\u2003example.com", "127.0.0.1%00", "127.0.0.1%2f", "%31%32%37.0.0.1"],
    *["127.0.0.1%20", "%6cocalhost", "{example}.com", "exa$mple.com", "exa(m)ple.com", "a,b"],
    *["example.com;127.0.0.1", "exa!mple.com", "*.example.com", "a'b.com", 'a"b.com', "<a>.com"],
    # names and ports that are none
    *["", ".", "..", "a..b", ".example.com", "example.com..", "a" * 64 + ".example.com"],
    *[".".join(["abcdefgh"] * 30), "example.com:0", "example.com:65536", "example.com:99999999"],
    *["example.com:-1", "example.com:+80", "example.com:8a", "example.com:80:80", ":80"],
    *["example.com: 80", "example.com:０８"],
    # IPv4 inside IPv6, in every transition mechanism, and spelled in every way
    *["[::ffff:0:7f00:1]", "[0:0:0:0:0:0:127.0.0.1]", "[0:0:0:0:0:ffff:169.254.169.254]"],
    *["[::ffff:192.168.1.1]", "[::FFFF:A00:1]", "[::ffff:100.64.0.1]", "[::ffff:0.0.0.0]"],
    *["[64:ff9b::10.0.0.1]", "[64:FF9B::7f00:1]", "[64:ff9b::c0a8:101]", "[64:ff9b::]"],
    *["[64:ff9b:1:7f00:0:100::]", "[64:ff9b:1:a9fe:a9:fe00::]", "[64:ff9b:1::127.0.0.1]"],
    *["[64:ff9b:1::808:808]", "[64:ff9b:1:fffe::a00:1]", "[2002:0a00:0001::]", "[2002:7f00:1::1]"],
    *["[2002:6440:1::]", "[2002:e000:1::]", "[2001:0:a00:1::]", "[2001:0:808:808:0:0:80ff:fffe]"],
    *["[2001:0:7f00:1:0:0:f7f7:f7f7]", "[2a00:1450::5efe:7f00:1]", "[2a00:1450::5efe:10.0.0.1]"],
    *["[2a00:1450::200:5efe:a9fe:a9fe]", "[2001:470:1:2:0:5efe:192.168.0.1]"],
    *["[fe80::5efe:8.8.8.8]", "[fe80::200:5efe:808:808]", "[::ffff:0x7f000001]"],
    *["[::ffff:017700000001]", "[::ffff:127.0.0.01]", "[::ffff:127.0.0.1%25lo]", "[::127.1]"],
    *["[::1%2525lo]", "[::%31]", "[::１]", "[0::0::1]", "[:::1]", "[::1]:", "[::1].", "[::1]@x"],
    *["[ff01::1]", "[ff05::2]", "[2001:2::1]", "[2001:1ff::1]", "[4000::1]", "[e000::1]"],
    # fullwidth, circled and other digits and dots; characters that vanish or change
    *[
        "１６９。２５４。１６９。２５４",
        "[::ⅰ]",
        "127.0.0.①",
        "0ｘ7f.1",
        "127\u30020\u30020\uff611",
    ],
    *[
        "loca\u00adlhost",
        "local\u200dhost",
        "lo\u2060calhost",
        "\ufefflocalhost",
        "localhost\u3000",
    ],
    *["xn--\u00fc", "example.com\u2100", "example.com\u2048", "example.com／@127.0.0.1"],
    *["example.com＃@127.0.0.1", "example.com？@127.0.0.1", "example.com＼@127.0.0.1"],
    *["example.com：80@127.0.0.1", "example.com\u2028", "example.com\u0085", "example.com\xa0"],
    # percent-encoding in the host
    *["%6c%6f%63%61%6c%68%6f%73%74", "%31%36%39.254.169.254", "127%2e0%2e0%2e1", "%5b::1%5d"],
    *["example.com%23@127.0.0.1", "example.com%2f@127.0.0.1", "example.com%5c@127.0.0.1"],
    *["%C0%AE", "%E2%93%9B.com", "example.com%0d%0aHost:x", "%00127.0.0.1", "%"],
    # more numbers
    *["0o177.0.0.1", "2130706433.5", "0x7f.0.1", "0X0", "1.1", "127.0.0.1.0x", "a.1", "example.0"],
    *["0000000177.0.0.1", "127.0.0.256", "127.0.0.+1"],
    # ports and names
    *["example.com:1e3", "example.com:0x50", "example.com:65536", "example.com:%38"],
]

HOSTILE_URLS = [
    *[f"http://{host}/" for host in HOSTILE_HOSTS],
    *["", " ", "example.com", "//example.com/", "/path", "http:", "http:/", "http://", "http:///"],
    *["http:example.com", "http:/example.com/", "http:///example.com/", "http://?x", "http://#x"],
    *["https://", "https:///127.0.0.1/", "http:\\\\127.0.0.1\\", "http:/\\127.0.0.1/"],
    *["ftp://example.com/", "file:///etc/passwd", "file://localhost/etc/passwd", "data:,x"],
    *[
        "gopher://127.0.0.1:6379/_INFO",
        "dict://127.0.0.1:11211/",
        "ldap://127.0.0.1/",
        "jar:http://x",
    ],
    *[
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "http+unix://%2Frun/x",
        "ws://example.com",
    ],
    *[
        "httpx://example.com/",
        "xhttp://example.com/",
        " http://example.com/",
        "http ://example.com/",
    ],
    *["http://example.com/ ", "http://example.com/a b", "http://example.com/\r\nX-A: 1"],
    *["http://example.com/?a=\nb", "http://example.com/\\..", "http://example.com/#\x00"],
    *["http://example.com\n.evil.example/", "\x00http://example.com/", "h\ttp://example.com/"],
    *["http://example.com/" + "a" * 5000, "http://127.0.0.1#@example.com/"],
    *["http://127.0.0.1?@example.com/", "http://127.0.0.1/@example.com", "https://127.0.0.1:443/"],
]

HONEST_URLS = {
    "http://example.com": "http example.com 80 /",
    "https://example.com": "https example.com 443 /",
    "HTTPS://EXAMPLE.COM/Path": "https example.com 443 /Path",
    "https://example.com/": "https example.com 443 /",
    "https://example.com:8443/hook": "https example.com 8443 /hook",
    "https://example.com:443": "https example.com 443 /",
    "http://example.com:65535/": "http example.com 65535 /",
    "http://example.com:/": "http example.com 80 /",
    "http://example.com:0080/": "http example.com 80 /",
    "https://example.com./x": "https example.com. 443 /x",
    "https://a_b.example.com/": "https a_b.example.com 443 /",
    "https://_dmarc.example.com/": "https _dmarc.example.com 443 /",
    "https://r3---sn-4g5e.example.com/": "https r3---sn-4g5e.example.com 443 /",
    "https://xn--bcher-kva.example/": "https xn--bcher-kva.example 443 /",
    "https://bücher.example/": "https xn--bcher-kva.example 443 /",
    "https://BÜCHER.example/": "https xn--bcher-kva.example 443 /",
    "https://例え.テスト/": "https xn--r8jz45g.xn--zckzah 443 /",
    "https://example.com/#part": "https example.com 443 /",
    "https://example.com?x=1": "https example.com 443 /?x=1",
    "https://example.com/?url=http://127.0.0.1/": "https example.com 443 /?url=http://127.0.0.1/",
    "https://example.com/?mail=a@b.example": "https example.com 443 /?mail=a@b.example",
    "https://example.com/@user": "https example.com 443 /@user",
    "https://example.com/a%20b": "https example.com 443 /a%20b",
    "https://example.com/ü?q=ä": "https example.com 443 /%C3%BC?q=%C3%A4",
    "https://example.com/a//b;v=1,2": "https example.com 443 /a//b;v=1,2",
    "https://example.com/a/../b": "https example.com 443 /b",
    "https://1.1.1.1/": "https 1.1.1.1 443 /",
    "https://8.8.8.8:53/dns": "https 8.8.8.8 53 /dns",
    "https://1e100.net/": "https 1e100.net 443 /",
    "https://123.example.com/": "https 123.example.com 443 /",
    "https://127.0.0.1.example.com/": "https 127.0.0.1.example.com 443 /",
    "https://0x7f.example.com/": "https 0x7f.example.com 443 /",
    "https://3com.com/": "https 3com.com 443 /",
    "https://localhost.example.com/": "https localhost.example.com 443 /",
    "http://intranet/": "http intranet 80 /",
    "https://[2606:4700:4700::1111]/": "https 2606:4700:4700::1111 443 /",
    "https://[2606:4700:4700:0:0:0:0:1111]:8443/": "https 2606:4700:4700::1111 8443 /",
    "https://hooks.example.com/services/T0/B0/x-_~!$&'()*+,;=:": (
        "https hooks.example.com 443 /services/T0/B0/x-_~!$&'()*+,;=:"
    ),
    "https://faß.example/": "https xn--fa-hia.example 443 /",
    "https://xn--fa-hia.example:8443/": "https xn--fa-hia.example 8443 /",
    "http://example.com:1/": "http example.com 1 /",
    "https://[2a00:1450:4001:80b::200e]:65535/x?y": "https 2a00:1450:4001:80b::200e 65535 /x?y",
    "https://[::ffff:8.8.8.8]/": "https ::ffff:808:808 443 /",
    "https://[64:ff9b::8.8.8.8]/": "https 64:ff9b::808:808 443 /",
    "https://a.b.c.d.e.f.example.com/": "https a.b.c.d.e.f.example.com 443 /",
    "https://example.com/%E2%9C%93?a=%20&b=+#%23": "https example.com 443 /%E2%9C%93?a=%20&b=+",
    "https://example.com/a%2Fb/../c": "https example.com 443 /c",
    "https://example.com/?redirect=//127.0.0.1&x=%0d%0a": (
        "https example.com 443 /?redirect=//127.0.0.1&x=%0D%0A"
    ),
    "https://example.com/a:b@c": "https example.com 443 /a:b@c",
    "https://EXAMPLE.com.:443/": "https example.com. 443 /",
    "https://0b1111111.example/": "https 0b1111111.example 443 /",
    "https://" + "a" * 63 + ".example.com/": "https " + "a" * 63 + ".example.com 443 /",
}


def test_a_hostile_url_cannot_be_saved_and_the_reason_is_a_sentence() -> None:
    def check(url: str) -> None:
        reason = EndpointPolicy().check_url(url)
        assert reason is not None
        assert reason.endswith(".")
        assert reason.isprintable()

    for_each(HOSTILE_URLS, check)


def test_the_corpus_is_broad() -> None:
    assert len(set(HOSTILE_URLS)) >= 300
    assert len(HONEST_URLS) >= 50


def test_a_hostile_url_that_was_saved_is_not_called() -> None:
    with Client(EndpointPolicy()) as client, watched("socket.connect") as connects:
        for url in HOSTILE_URLS:
            if "localhost" in url.lower():
                continue  # a name: what it leads to is refused at connect time, not here
            outcome = client.send(Call("POST", url, (), b"{}", PATIENCE_SECONDS))
            assert outcome.error is not None, url
            assert outcome.error.code in {"invalid_url", "refused_by_policy"}, url
    assert connects == []


HOSTILE_ANSWERS = {
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "metadata.example": ["fd00:ec2::254"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "localtest.example": ["::1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "translated.example": ["64:ff9b::a9fe:a9fe"],
    "tunnelled.example": ["2a00:1450::5efe:a00:1"],
    "scoped.example": ["fe80::1%lo"],
    "mixed.example": ["1.1.1.1", "10.0.0.1"],
    "mixed-the-other-way.example": ["10.0.0.1", "1.1.1.1"],
    "mixed-families.example": ["2606:4700::1111", "1.1.1.1", "::1"],
    "no-address.example": ["host"],
    "unspecified.example": ["0.0.0.0"],
}


@pytest.mark.parametrize("name", HOSTILE_ANSWERS)
def test_a_name_that_leads_to_a_forbidden_address_is_not_called(
    name: str, names: dict[str, list[list[str]]]
) -> None:
    names[name] = [HOSTILE_ANSWERS[name]]
    with Client(EndpointPolicy()) as client, watched("socket.connect") as connects:
        outcome = client.send(Call("POST", f"https://{name}/", (), b"{}", PATIENCE_SECONDS))
    assert outcome.error is not None
    assert outcome.error.code == "refused_by_policy"
    assert connects == []


HOSTILE_REQUESTS = [
    ("POST", (("Host", "a\r\nX-B: c"),)),
    ("POST", (("X-A", "b\r\n c"),)),
    ("POST", (("X-A\r\nX-B", "c"),)),
    ("POST", (("X-A", "b\n\nGET / HTTP/1.1"),)),
    ("POST", (("X-A", "b\x00"),)),
    ("GET / HTTP/1.1\r\nX-A: b\r\n\r\nPOST", ()),
    ("GET\t/", ()),
    ("G\u0130T", ()),
]


@pytest.mark.parametrize(("method", "headers"), HOSTILE_REQUESTS)
def test_a_smuggled_header_or_method_leaves_nothing_on_the_wire(
    client: Client, answer: "Callable[..., Server]", method: str, headers: Headers
) -> None:
    server = answer()
    outcome = client.send(Call(method, server.url(), headers, b"{}", PATIENCE_SECONDS))
    assert outcome.error is not None
    assert outcome.error.code == "invalid_request"
    assert server.requests == []


@pytest.mark.parametrize(
    "name", ["Host", "Content-Length", "Transfer-Encoding", "content-length", "TE", "Connection"]
)
def test_a_header_that_frames_the_request_cannot_be_configured(name: str) -> None:
    assert check_header(name, "chunked") is not None


@pytest.mark.parametrize(("url", "expected"), HONEST_URLS.items())
def test_an_honest_url_can_be_saved_and_leads_where_it_says(url: str, expected: str) -> None:
    assert EndpointPolicy().check_url(url) is None
    destination = parse_destination(url)
    assert (
        f"{destination.scheme} {destination.host} {destination.port} {destination.path}" == expected
    )
