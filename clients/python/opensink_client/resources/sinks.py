"""Sinks, and what stands in them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sink:
    """A feed that agents write to and people read; `secret` alone is enough to add to it.

    It is None for keys that may not write sinks.
    """

    id: str
    workspace_id: str
    owner_id: str
    name: str
    description: str | None
    color: str
    is_public: bool
    public_slug: str | None
    is_indexed: bool
    secret: str | None = field(repr=False)
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class SinkItem:
    """What stands in a sink."""

    id: str
    sink_id: str
    workspace_id: str
    title: str
    body: str | None
    type: str | None
    url: str | None
    fields: dict[str, Any]
    resources: list[dict[str, Any]]
    occurred_at: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class ManySinkItems:
    """What became of many items: `failed` are `{item, error}`, `invalid` are `{item, errors}`."""

    created: tuple[SinkItem, ...]
    failed: list[dict[str, Any]]
    invalid: list[dict[str, Any]]
