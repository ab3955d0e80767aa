"""`opensink batch` and `opensink execution`: what is refused, and how that is said."""

import pytest

from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

NOBODY = {"OPENSINK_URL": "http://127.0.0.1:9", "OPENSINK_API_KEY": "osk_x"}


@pytest.mark.parametrize(
    ("arguments", "text", "code", "says"),
    [
        (("submit", "charge", "-"), "{}", 2, "NAMESPACE/NAME"),
        (("submit", "billing/charge", "nowhere.jsonl"), "", 2, "nowhere.jsonl"),
        (("submit", "billing/charge", "-"), "{}\n\n[1]\n", 1, "Line 3 is not a JSON object"),
        (("submit", "billing/charge", "-"), '{"a": 1,\n', 1, "Line 1 is not JSON"),
        (("submit", "billing/charge", "-"), "{}", 1, "http://127.0.0.1:9 cannot be reached"),
        (("submit", "billing/charge", "-", "--delay", "-1"), "{}", 2, "--delay"),
    ],
)
def test_what_cannot_be_submitted_is_said(
    opensink: Opensink, arguments: tuple[str, ...], text: str, code: int, says: str
) -> None:
    done = opensink.run("batch", *arguments, text=text, variables=NOBODY)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_is_needed(opensink: Opensink) -> None:
    done = opensink.run("execution", "show", "x", variables={"OPENSINK_API_KEY": ""})
    assert done.returncode == 2
    assert "OPENSINK_API_KEY" in done.stderr


def test_a_wrong_key_is_refused(running: Opensink) -> None:
    server = {"OPENSINK_URL": f"http://127.0.0.1:{running.port}", "OPENSINK_API_KEY": "osk_wrong"}
    done = running.run("batch", "status", "x", variables=server)
    assert (done.returncode, "unknown" in done.stderr) == (1, True)
