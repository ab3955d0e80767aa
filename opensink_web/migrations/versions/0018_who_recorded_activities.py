"""who recorded activities

Agents could post what looks like our own. Of what is there only that counts as ours which stands
beside what it tells of: the first of its kind at or after the moment that is in the other table,
as we wrote both in one transaction. The rest counts as an agent's.
"""

import sqlalchemy as sa
from alembic import op

from opensink_web.models.base import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COLUMNS = ("type", "source", "message", "recorded_by", "related_entity_id", "status")


def upgrade() -> None:
    op.add_column(
        "activities",
        sa.Column("recorded_by", sa.String(32), nullable=False, server_default="agent"),
    )
    activity, request = _table("activities"), _table("input_requests")
    delivery, session = _table("deliveries"), _table("agent_sessions")
    _take(activity, "session_started", "system", _is_first(activity))
    about_request = _names(activity, request)
    is_asked = sa.exists().where(about_request)
    _take(
        activity, "input_request_created", "agent", is_asked & _is_first(activity, same_entity=True)
    )
    is_answered = sa.exists().where(
        about_request,
        request.c.status == "resolved",
        activity.c.created_at >= request.c.resolved_at,
        _is_first(activity, same_entity=True, since=request.c.resolved_at),
    )
    _take(activity, "input_request_resolved", "user", is_answered)
    has_failed = sa.exists().where(
        _names(activity, delivery),
        delivery.c.status == "failed",
        activity.c.created_at >= delivery.c.finished_at,
        _is_first(activity, same_entity=True, since=delivery.c.finished_at),
    )
    _take(activity, "session_ended", "system", has_failed)
    has_ended = sa.exists().where(
        session.c.id == activity.c.session_id,
        session.c.status.in_(("completed", "failed")),
        activity.c.created_at >= session.c.updated_at,
        _is_first(activity, since=session.c.updated_at),
    )
    _take(activity, "session_ended", "system", activity.c.related_entity_id.is_(None) & has_ended)


def downgrade() -> None:
    with op.batch_alter_table("activities") as batch:
        batch.drop_column("recorded_by")


def _table(name: str) -> sa.TableClause:
    moments = ("created_at", "updated_at", "resolved_at", "finished_at")
    return sa.table(
        name,
        sa.column("id", sa.Uuid()),
        sa.column("session_id", sa.Uuid()),
        *(sa.column(each, sa.String()) for each in _COLUMNS),
        *(sa.column(each, UtcDateTime()) for each in moments),
    )


def _take(
    activity: sa.TableClause, word: str, source: str, is_ours: sa.ColumnElement[bool]
) -> None:
    """Call those activities ours of which this is true."""
    query = sa.update(activity).where(activity.c.type == word, activity.c.source == source, is_ours)
    op.get_bind().execute(query.values(recorded_by="opensink"))


def _names(activity: sa.TableClause, other: sa.TableClause) -> sa.ColumnElement[bool]:
    """Tell whether an activity is about a row of its session; SQLite writes ids without dashes."""
    plain = sa.func.replace(sa.cast(other.c.id, sa.String()), "-", "")
    named = sa.func.replace(activity.c.related_entity_id, "-", "")
    return (other.c.session_id == activity.c.session_id) & (plain == named)


def _is_first(
    activity: sa.TableClause,
    *,
    same_entity: bool = False,
    since: sa.ColumnElement[object] | None = None,
) -> sa.ColumnElement[bool]:
    """Tell whether no other of its session, or its kind there, is older, but not than `since`."""
    earlier = activity.alias("earlier")
    is_earlier = [earlier.c.session_id == activity.c.session_id, earlier.c.id < activity.c.id]
    if same_entity or since is not None:
        is_earlier.append(earlier.c.type == activity.c.type)
    if same_entity:
        is_earlier.append(earlier.c.related_entity_id == activity.c.related_entity_id)
    if since is not None:
        is_earlier.append(earlier.c.created_at >= since)
    return ~sa.exists().where(*is_earlier).correlate_except(earlier)
