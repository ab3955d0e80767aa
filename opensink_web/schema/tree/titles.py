"""Titles of fields beside each other."""

from collections.abc import Iterable
from dataclasses import replace

from opensink_web.lookalike import shared, skeleton, spelled
from opensink_web.schema.tree.node import FieldNode


def with_distinct_titles(nodes: Iterable[FieldNode]) -> tuple[FieldNode, ...]:
    """Put the key behind where titles or keys look the same, as `a-b` and `a_b` are both "A b"."""
    nodes = tuple(nodes)
    titles, keys = shared(one.title for one in nodes), shared(one.key for one in nodes)
    return tuple(
        replace(node, title=f"{node.title} ({spelled(node.key)})")
        if skeleton(node.title) in titles or skeleton(node.key) in keys
        else node
        for node in nodes
    )
