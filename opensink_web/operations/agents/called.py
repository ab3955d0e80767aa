"""What calls of an agent or a function need of it and its workspace, read past the session.

It is read for each claim, and decrypted once: who is called changes seldom.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

from opensink_web.keyring import Keyring
from opensink_web.models import Agent, Function, Workspace
from opensink_web.models.sealed import keyring

WORKSPACE_COLUMNS = (
    Workspace.id,
    Workspace.sealed_execution_secret,
    Workspace.sealed_previous_execution_secret,
    Workspace.previous_secret_expires_at,
    Workspace.sealed_signing_root,
)
_REMEMBERED = 256
CalledT = TypeVar("CalledT", Agent, Function)


def called(
    model: type[CalledT], columns: Sequence[Any], values: Sequence[Any]
) -> tuple[CalledT, Workspace]:
    """Make who is called and its workspace, of no session, from the values of these columns and
    then of WORKSPACE_COLUMNS.

    They know what was decrypted of them, so that is done once for all calls until it is changed.
    """
    names = tuple(column.key for column in columns)
    owner, workspace = _made(keyring(), model, names, tuple(values))
    return cast("CalledT", owner), workspace


@lru_cache(_REMEMBERED)
def _made(
    _ring: Keyring,
    model: type[Agent | Function],
    names: tuple[str, ...],
    values: tuple[Any, ...],
) -> tuple[Agent | Function, Workspace]:
    own = dict(zip(names, values, strict=False))
    of_workspace = zip(WORKSPACE_COLUMNS, values[len(names) :], strict=True)
    return model(**own), Workspace(**{column.key: value for column, value in of_workspace})
