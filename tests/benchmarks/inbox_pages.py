"""The pages that inbox_scale.py looks at: each list, filter, order and search of the inbox."""

from collections.abc import Mapping
from typing import Any

from opensink_web.operations.requests.facets import GroupBy
from opensink_web.operations.requests.listing import ListOrder
from tests.benchmarks.inbox_rows import AGENT_KEY, FUNCTION_NAME, KEY_OF_NONE

_DECIDED = "/inbox?view=decided"
_TAG = "tag=name-invoice"


def pages(known: Mapping[str, Any]) -> dict[str, str]:
    """Return the addresses of what is looked at, by what it is; `known` is what was made."""
    agent = f"agent={known['agent']}"
    filters = {
        "one agent": agent,
        "one key": f"key={AGENT_KEY}",
        "a key of none": f"key={KEY_OF_NONE}",
        "one function": f"function={FUNCTION_NAME.replace('/', '%2F')}",
        "one tag": _TAG,
        "a rare tag": "tag=rare",
        "one kind": "kind=approval",
        "older than a day": "age=1d",
        "one session": f"session={known['session']}",
        "one batch": f"batch={known['batch']}",
        "one agent and key": f"{agent}&key={AGENT_KEY}",
        "an agent and a key of none": f"{agent}&key={KEY_OF_NONE}",
        "an agent and a tag of none": f"{agent}&{_TAG}",
    }
    words = {
        "a word that all have": "approve",
        "one that a tenth has": "invoice",
        "a beginning": "inv",
        "a number that one has": str(known["count"] // 2),
        "a number that one decided has": str(known["count"] // 2 + 1),
        "two words": "approve+invoice",
        "a word that none has": "nowhere",
    }
    narrowed = {
        "a word of one agent": f"q=approve&{agent}",
        "a word that an agent has nowhere": f"q=invoice&{agent}",
        "a word of one kind": "q=work&kind=approval",
        "a word that a kind has nowhere": "q=invoice&kind=input",
        "a word of one key": f"q=approve&key={AGENT_KEY}",
        "a word that a key has nowhere": f"q=invoice&key={AGENT_KEY}",
        "a word of one function": f"q=approve&{filters['one function']}",
        "a word and a tag": f"q=approve&{_TAG}",
        "a word and a tag that nothing has": "q=refund&tag=name-invoice",
    }
    return {
        **_lists(known, filters),
        **{f"search: {name}": f"/inbox?q={word}" for name, word in words.items()},
        **{f"search decided: {name}": f"{_DECIDED}&q={word}" for name, word in words.items()},
        **{
            f"search by {order}: {name}": f"/inbox?order={order}&q={words[name]}"
            for name in ("a word that all have", "one that a tenth has", "a number that one has")
            for order in ("newest", "due", "priority")
        },
        **{f"search: {name}": f"/inbox?{query}" for name, query in narrowed.items()},
        **{f"search decided: {name}": f"{_DECIDED}&{query}" for name, query in narrowed.items()},
        **{
            f"search by priority: {name}": f"/inbox?order=priority&{query}"
            for name, query in narrowed.items()
        },
        **_requests(known, filters),
        **{
            f"{of}: {name}": f"/{of}?search={word}"
            for of in ("sessions", "deliveries")
            for name, word in words.items()
        },
        "another page, with the count": "/functions",
        "what is asked for news": "/live?since=0",
    }


def _lists(known: Mapping[str, Any], filters: Mapping[str, str]) -> dict[str, str]:
    last = known["last_pages"]
    return {
        **{f"waiting, {order}": f"/inbox?order={order}" for order in ListOrder},
        **{
            f"waiting, {order}, the last page": f"/inbox?order={order}&trail={last[order]}"
            for order in ListOrder
        },
        "decided": _DECIDED,
        **{f"waiting, {name}": f"/inbox?{query}" for name, query in filters.items()},
        **{f"decided, {name}": f"{_DECIDED}&{query}" for name, query in filters.items()},
        **{
            f"{name}, by {order}": f"/inbox?order={order}&{query}"
            for name, query in filters.items()
            for order in ("due", "priority")
        },
        **{f"grouped by {each}": f"/inbox?group={each}" for each in GroupBy},
    }


def _requests(known: Mapping[str, Any], filters: Mapping[str, str]) -> dict[str, str]:
    a_request = f"/requests/{known['request']}"
    lists = {
        "a search": "q=approve",
        "a search that a tenth has": "q=invoice",
        "a tag": _TAG,
        "an agent": filters["one agent"],
    }
    return {
        "a request": a_request,
        **{f"a request, by {order}": f"{a_request}?order={order}" for order in ListOrder},
        **{f"a request, of {name}": f"{a_request}?{query}" for name, query in lists.items()},
    }
