"""Forms for authors to look at before a person is asked. They are kept for a day, and sealed."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select

from opensink_web import clock
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import Preview, Workspace, db
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.slices import SLICE

LIFETIME = timedelta(hours=24)


def create_preview(workspace: Workspace, schema: JSONValue, values: JSONObject | None) -> Preview:
    """Keep what a page is to show; the schema has passed `check_schema`."""
    moment = clock.now()
    preview = Preview(
        workspace_id=workspace.id,
        schema=schema,
        proposed_response=values,
        created_at=moment,
        expires_at=moment + LIFETIME,
    )
    db.session.add(preview)
    db.session.flush()
    return preview


def is_any_preview_over() -> bool:
    """Return True if a preview is shown no more. Writes nothing."""
    return db.session.scalars(_over().limit(1)).first() is not None


def forget_previews() -> int:
    """Delete a slice of the previews that are shown no more; return how many."""
    return rows_changed(delete(Preview).where(Preview.id.in_(_over().limit(SLICE))))


def _over() -> Select[UUID]:
    return select(Preview.id).where(Preview.expires_at <= clock.now())
