"""The key by which push services know this server: one for the installation, made when the first
device is to be told. Browsers tie their subscriptions to it, so it is never made anew.
"""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from opensink_web.channels.push_keys import new_private_key
from opensink_web.models import ServerKey, db
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values

_WEB_PUSH = "web_push"
_MAKE = {
    "postgresql": postgresql.insert(ServerKey).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(ServerKey).on_conflict_do_nothing(),
}


def push_key() -> str | None:
    """Return the private key of Web Push, None where there is none yet.

    Raises: UnreadableSecret.
    """
    key = db.session.scalar(select(ServerKey).where(ServerKey.name == _WEB_PUSH))
    return None if key is None else key.private_key


def ensure_push_key() -> str:
    """Return the private key of Web Push; make it the first time. Of two who do, one does."""
    if (known := push_key()) is not None:
        return known
    values = {"id": new_id(), "name": _WEB_PUSH, "private_key": new_private_key()}
    make = _MAKE[db.session.get_bind().dialect.name]
    db.session.execute(make.values(sealed_values(ServerKey, values)))
    made = push_key()
    if made is None:
        raise RuntimeError("a key that was stored is not there")
    return made
