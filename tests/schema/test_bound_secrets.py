"""Which kept secrets may stay in a value only while what is around them does."""

from typing import Any

import pytest

from opensink_web.schema.bound_secrets import dependent_secrets, redirected_secrets
from opensink_web.schema.secrets import secrets_of

SECRET: Any = {"type": "string", "writeOnly": True}
SHOP: Any = {"properties": {"token": SECRET, "shop": {"properties": {"key": SECRET}}}}


def bound(test: Any, schema: Any, stored: Any, **changes: Any) -> list[Any]:
    """Return the secrets that may not stay when all of them are kept, and these fields change."""
    return sorted(test(stored, stored | changes, schema, set(secrets_of(schema).paths_in(stored))))


class TestAddresses:
    STORED: Any = {
        "token": "t",
        "limit": 1,
        "base_url": "shop.example.com",
        "shop": {"key": "k", "name": "n"},
        "note": "none",
    }

    @pytest.mark.parametrize(
        ("changes", "lost"),
        [
            ({"limit": 2, "note": "shop"}, []),
            ({"base_url": "elsewhere.example.com"}, [("shop", "key"), ("token",)]),
            ({"note": "see https://elsewhere.example.com"}, [("shop", "key"), ("token",)]),
            ({"smtpHost": "elsewhere"}, [("shop", "key"), ("token",)]),
            ({"proxy": {"to": [1]}}, [("shop", "key"), ("token",)]),
            ({"shop": {"key": "k", "name": "n", "url": 1}}, [("shop", "key"), ("token",)]),
            ({"security": "high", "report": "x", "during": "y"}, []),
        ],
    )
    def test_beside_a_secret(self, changes: Any, lost: Any) -> None:
        assert bound(redirected_secrets, SHOP, self.STORED, **changes) == lost

    @pytest.mark.parametrize(
        "name",
        [
            *("servers", "endpoints", "hostnames", "addresses", "webhooks", "URLs", "APIURLs"),
            *("proxies", "ip", "dsn", "api_base", "target", "ipAddress"),
        ],
    )
    def test_are_told_by_their_names(self, name: str) -> None:
        changes: Any = {name: ["elsewhere.example:443"]}
        lost = bound(redirected_secrets, SHOP, self.STORED, **changes)
        assert lost == [("shop", "key"), ("token",)]

    @pytest.mark.parametrize("name", ["supports", "tips", "database", "based", "target_price"])
    def test_are_no_others(self, name: str) -> None:
        changes: Any = {name: 7}
        assert bound(redirected_secrets, SHOP, self.STORED, **changes) == []

    @pytest.mark.parametrize(
        ("name", "was"), [("webhook_url", "https://a.example"), ("sent_to", "https://a.example")]
    )
    def test_that_are_secret_count_wherever_they_are_sent(self, name: str, was: str) -> None:
        schema: Any = {"properties": {"token": SECRET, name: SECRET}}
        stored: Any = {"token": "t", name: was}
        token: Any = ("token",)
        for sent in ("https://b.example", was):  # the same as well: it would tell whoever guesses
            value: Any = {"token": "t", name: sent}
            assert redirected_secrets(stored, value, schema, [token]) == [token]
        assert redirected_secrets(stored, {"token": "t"}, schema, [token]) == [token]
        assert redirected_secrets(stored, stored, schema, [token, (name,)]) == []

    def test_in_another_entry_of_a_list_are_not_beside_it(self) -> None:
        schema: Any = {"properties": {"shops": {"items": SHOP}}}
        entries = [{"token": "a", "url": "https://a"}, {"token": "b", "url": "https://b"}]
        other = [entries[0], {"token": "b", "url": "https://c"}, {"url": "https://d"}]
        lost = bound(redirected_secrets, schema, {"shops": entries}, shops=other)
        assert lost == [("shops", 1, "token")]

    def test_are_nothing_to_what_is_secret_altogether(self) -> None:
        assert redirected_secrets({"url": "a"}, {"url": "a"}, {"writeOnly": True}, {()}) == []


SAYS: Any = {"properties": {"token": {"pattern": "^t"}}}
SAYS_NOT: Any = {"properties": {"limit": {"maximum": 5}}}


class TestWhatASchemaDecides:
    STORED: Any = {"token": "t", "limit": 1, "shop": {"key": "k", "mode": "live"}}

    @pytest.mark.parametrize(
        "words",
        [
            {"if": SAYS_NOT, "then": SAYS},
            {"if": SAYS},
            {"not": SAYS},
            {"anyOf": [SAYS_NOT, SAYS]},
            {"oneOf": [SAYS, {"$ref": "#/$defs/other"}], "$defs": {"other": SAYS_NOT}},
            {"dependentSchemas": {"limit": SAYS}},
            {"allOf": [{"if": SAYS_NOT, "else": {"allOf": [SAYS]}}]},
            {"enum": [{"token": "t", "limit": 1}, {"token": "u"}]},
            {"anyOf": [{"const": {"token": "t"}}, SAYS_NOT]},
            {"if": SAYS_NOT, "unevaluatedProperties": {"pattern": "^t"}},
        ],
    )
    def test_by_something_else_keeps_no_secret_when_that_changes(self, words: Any) -> None:
        assert ("token",) in bound(dependent_secrets, SHOP | words, self.STORED, limit=2)
        assert bound(dependent_secrets, SHOP | words, self.STORED) == []

    @pytest.mark.parametrize(
        "words",
        [
            {"if": SAYS_NOT, "then": {"required": ["token"]}},
            {"anyOf": [SAYS, {"type": "null"}]},
            {"allOf": [SAYS, SAYS_NOT]},
            {"dependentRequired": {"limit": ["token"]}},
            {"anyOf": [SAYS_NOT, {"required": ["limit"]}]},
        ],
    )
    def test_by_itself_keeps_it(self, words: Any) -> None:
        assert bound(dependent_secrets, SHOP | words, self.STORED, limit=2) == []

    def test_in_an_object_is_only_about_that_object(self) -> None:
        shop = SHOP["properties"]["shop"] | {
            "if": {"properties": {"mode": {"const": "live"}}},
            "then": {"properties": {"key": {"pattern": "^k"}}},
        }
        schema = {"properties": {"token": SECRET, "shop": shop}}
        assert bound(dependent_secrets, schema, self.STORED, limit=2) == []
        other = {"key": "k", "mode": "test"}
        lost = bound(dependent_secrets, schema, self.STORED, shop=other)
        assert lost == [("shop", "key")]

    def test_together_with_another_secret_that_was_sent(self) -> None:
        schema = SHOP | {"anyOf": [SAYS, {"properties": {"shop": {"properties": {"key": SAYS}}}}]}
        kept = {("token",)}
        assert dependent_secrets(self.STORED, self.STORED, schema, kept) == [("token",)]

    def test_in_a_list_of_which_no_two_may_be_alike(self) -> None:
        schema: Any = {"properties": {"keys": {"items": SECRET, "uniqueItems": True}}}
        stored: Any = {"keys": ["a", "b"]}
        kept = {("keys", 0)}
        assert dependent_secrets(stored, {"keys": ["a", "c"]}, schema, kept) == [("keys", 0)]
