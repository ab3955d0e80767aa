"""What a request asks otherwise than the one before it, and where it is asked now.

Changes are told field by field: of the form, what each part of the schema says by its title.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from uuid import UUID

from opensink_web.models import InputRequest, InputRequestStatus
from opensink_web.operations.accounts.disclosure import shown_response, shown_schema
from opensink_web.operations.requests.queries import (
    find_successor,
    newest_revision,
    predecessor_of,
    tags_of,
)
from opensink_web.web.rendering.schema_changes import (
    CHANGES_MAX,
    FieldChange,
    Mark,
    Piece,
    schema_changes,
    written,
)

WORDS_MAX = 2000
"""In longer texts it is not looked for which words stayed: the time grows with the square."""
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Revision:
    """Where a request stands among its revisions.

    `changes` are since the one before, of which `left_out` are not listed. `newest_id` is what is
    asked now, where that is another one.
    """

    number: int
    before_id: UUID | None
    newest_id: UUID | None
    changes: tuple[FieldChange, ...]
    left_out: int


def revision_of(request: InputRequest) -> Revision | None:
    """Return what to tell of revisions; None where there is but one.

    Of a superseded request that is what its successor changed.
    """
    is_old = request.status is InputRequestStatus.SUPERSEDED
    before, after = request, request
    if is_old:
        after = find_successor(request.id) or request
    else:
        before = predecessor_of(request) or request
    if before is after and request.revision == 1 and not is_old:
        return None
    changes = tuple(_changes(before, after)) if before is not after else ()
    return Revision(
        number=after.revision,
        before_id=None if before is request else before.id,
        newest_id=newest_revision(request.id) if is_old else None,
        changes=changes[:CHANGES_MAX],
        left_out=max(0, len(changes) - CHANGES_MAX),
    )


def _changes(before: InputRequest, after: InputRequest) -> Iterator[FieldChange]:
    for label, old, new in (
        ("Title", before.title, after.title),
        ("Message", before.message, after.message),
    ):
        if old != new:
            yield FieldChange(label, pieces=pieces_of(old, new))
    yield from schema_changes(shown_schema(before), shown_schema(after))
    tags = tags_of([before.id, after.id])
    for label, was, now in (
        ("Key", before.key, after.key),
        ("Reference", before.reference, after.reference),
        ("Priority", before.priority, after.priority),
        ("Tags", ", ".join(tags.get(before.id, ())), ", ".join(tags.get(after.id, ()))),
        ("Can be declined", before.allow_decline, after.allow_decline),
        ("People who have to answer", before.required_responses, after.required_responses),
        ("Whoever asked may decide", not before.forbid_requester, not after.forbid_requester),
        ("Due", _moment(before), _moment(after)),
        ("When it is over", before.on_expire.value, after.on_expire.value),
        (
            "Answer then",
            shown_response(before, before.default_response),
            shown_response(after, after.default_response),
        ),
        ("Links", _links(before), _links(after)),
    ):
        if was != now:
            yield FieldChange(label, before=written(was or None), after=written(now or None))


def _moment(request: InputRequest) -> str | None:
    return f"{request.expires_at:%Y-%m-%d %H:%M} UTC" if request.expires_at else None


def _links(request: InputRequest) -> str:
    return ", ".join(str(link["text"]) for link in request.context)


def pieces_of(before: str, after: str) -> tuple[Piece, ...]:
    """Return a text's words with those that were taken out and put in."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > WORDS_MAX:
        whole = (Piece(before, Mark.REMOVED), Piece(after, Mark.ADDED))
        return tuple(piece for piece in whole if piece.text)
    pieces = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("".join(old[old_from:old_to]), Mark.SAME))
            continue
        pieces.append(Piece("".join(old[old_from:old_to]), Mark.REMOVED))
        pieces.append(Piece("".join(new[new_from:new_to]), Mark.ADDED))
    return tuple(piece for piece in pieces if piece.text)
