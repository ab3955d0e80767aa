"""Who has a sink's secret may add items to that sink, and nothing else."""

from uuid import UUID

from sqlalchemy import select

from opensink_web.errors import PermissionMissing
from opensink_web.models import Role, Sink, User, Workspace, db
from opensink_web.operations.accounts.credential import hash_token
from opensink_web.operations.accounts.permission import Principal

SECRET_PREFIX = "oss_"  # noqa: S105 - not a secret, what one begins with
SECRET_HEADER = "X-OpenSink-Secret"  # noqa: S105 - the name of a header


def principal_of_sink_secret(secret: str) -> Principal | None:
    """Return somebody who may add to one sink; None where it is the secret of none.

    It is found by its hash, which compares nothing secret byte by byte.
    """
    query = (
        select(Sink, Workspace, User)
        .join(Workspace, Workspace.id == Sink.workspace_id)
        .join(User, User.id == Sink.owner_id)
        .where(Sink.secret_hash == hash_token(secret))
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    sink, workspace, owner = row
    return Principal(workspace, owner, Role.VIEWER, sink_id=sink.id)


def require_sink(principal: Principal, sink_id: UUID | str) -> None:
    """Raises: PermissionMissing for somebody who may add to another sink alone.

    Whether there is such a sink is not looked up, so it is not told.
    """
    if principal.sink_id is not None and str(sink_id).lower() != str(principal.sink_id):
        raise PermissionMissing("This is the secret of another sink.")
