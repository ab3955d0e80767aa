"""Who is let in without a sign-in and without a key, and as what.

It is made anew at each start, and handed to the web server by the descriptor of a file that has no
name: no environment, setting or command line of another process can say it.
"""

import json
import os
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import ApiKey, Role, User, Workspace, db
from opensink_web.operations.accounts.api_key import create_key, revoke_key
from opensink_web.operations.accounts.queries import find_user
from opensink_web.operations.accounts.user import create_user
from opensink_web.operations.accounts.workspace import first_workspace

PERSON = "you@dev.test"
PROGRAM = "agent@dev.test"
"""Programs are somebody else, as in life: what `forbid_requester` asks, the person may decide."""
KEY_NAME = "opensink dev"
_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Admission:
    """Browsers are the person; calls without a key of their own are made with `api_key`."""

    workspace_id: UUID
    workspace_slug: str
    person_id: UUID
    api_key: str


def make_admission() -> Admission:
    """Make the workspace, the person and the key, or find the first two; the old key ends.

    Needs a transaction that writes.
    """
    workspace = first_workspace()
    person, program = _account(workspace, PERSON), _account(workspace, PROGRAM)
    earlier = select(ApiKey.id).where(ApiKey.user_id == program.id, ApiKey.revoked_at.is_(None))
    for key_id in db.session.scalars(earlier.where(ApiKey.name == KEY_NAME)).all():
        revoke_key(workspace, key_id)
    _, api_key = create_key(workspace, program, name=KEY_NAME, scopes=("all:all",))
    return Admission(workspace.id, workspace.slug, person.id, api_key)


def _account(workspace: Workspace, email: str) -> User:
    return find_user(email) or create_user(workspace, email, None, role=Role.ADMIN)


def hand_over(admission: Admission, descriptor: int) -> None:
    """Write it into the file of a descriptor, for a child to read as often as it is started."""
    content = {
        "workspace_id": str(admission.workspace_id),
        "workspace_slug": admission.workspace_slug,
        "person_id": str(admission.person_id),
        "api_key": admission.api_key,
    }
    os.pwrite(descriptor, json.dumps(content).encode(), 0)


def read_admission(descriptor: int) -> Admission:
    """Read what was handed over. Raises: OSError; ValueError; LookupError."""
    content = json.loads(os.pread(descriptor, _BYTES_MAX, 0))
    return Admission(
        UUID(content["workspace_id"]),
        content["workspace_slug"],
        UUID(content["person_id"]),
        content["api_key"],
    )
