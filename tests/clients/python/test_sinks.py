"""Putting things into sinks, by key and by a sink's secret alone."""

from datetime import UTC, datetime

import pytest

from opensink_client import Client, InvalidRequest, NotAuthenticated, add_to_sink


def test_fills_a_sink_and_finds_what_is_in_it(client: Client, base_url: str) -> None:
    sink = client.create_sink("News", color="blue")
    first = client.create_sink_item(
        sink.id, "Rates fall", body="By a **half**.", occurred_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    many = client.create_many_sink_items(
        {"sink_id": sink.id, "title": title, "fields": {"category": "stocks"}}
        for title in ("Shares rise", "Gold stands still")
    )
    assert (len(many.created), many.failed, many.invalid) == (2, [], [])
    refused = client.create_many_sink_items(
        [{"sink_id": sink.id, "title": "Good"}, {"sink_id": sink.id, "title": ""}]
    )
    assert (refused.created, len(refused.invalid)) == ((), 1)
    assert refused.invalid[0]["item"]["title"] == ""
    assert sink.secret is not None
    told = add_to_sink(sink.id, "By secret", secret=sink.secret, base_url=base_url, type="note")
    with pytest.raises(NotAuthenticated):
        add_to_sink(sink.id, "By another", secret="x" * 40, base_url=base_url)

    titles = [each.title for each in client.list_sink_items(**{"sink_id": sink.id, "$limit": 2})]
    assert sorted(titles) == ["By secret", "Gold stands still", "Rates fall", "Shares rise"]
    assert [each.id for each in client.list_sink_items(q="gold")] == [many.created[1].id]
    assert [each.id for each in client.list_sink_items(type="note")] == [told.id]
    changed = client.update_sink_item(first.id, title="Rates fell")
    assert client.get_sink_item(first.id) == changed
    assert (changed.title, changed.occurred_at) == ("Rates fell", "2026-01-02T00:00:00Z")
    client.delete_sink_item(first.id)
    assert client.rotate_sink_secret(sink.id).secret != sink.secret
    assert client.update_sink(sink.id, name="Old news").name == "Old news"
    assert [each.id for each in client.list_sinks()] == [sink.id]
    client.delete_sink(sink.id)
    with pytest.raises(InvalidRequest):
        client.create_sink("")
