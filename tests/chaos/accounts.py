"""What is done to accounts, for the stress run: people, roles, keys, sign-ins and passwords.

Few people belong to two workspaces. In one of them Alice stays the admin, in the other anybody may
be the last one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web.errors import NotFound
from opensink_web.models import (
    ApiKey,
    CustomRole,
    Membership,
    Role,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import new_id
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts import role as roles
from opensink_web.operations.accounts import user as users
from opensink_web.operations.accounts.api_key import create_key, revoke_key
from opensink_web.operations.accounts.credential import PasswordHash, hash_password
from opensink_web.operations.accounts.invitation import invite_for, join, sign_up
from opensink_web.operations.accounts.password import (
    change_password,
    make_reset_link,
    reset_password,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.program_session import (
    begin_program_session,
    end_program_session,
    renew_program_session,
)
from opensink_web.operations.accounts.user_session import end_sessions
from opensink_web.operations.decisions import ending
from opensink_web.outbound.signing import new_secret
from tests.conftest import Person

PEOPLE = 5
ROLES_MAX = 4


@cache
def password_hash() -> PasswordHash:
    return hash_password("correct horse battery staple")


@dataclass(frozen=True)
class Members:
    """Alice's workspace and another one, and who belongs to both at first."""

    workspace_ids: tuple[UUID, UUID]
    user_ids: tuple[UUID, ...]


def make_members(alice: Person) -> Members:
    """Make the people and the second workspace."""
    with writing():
        theirs = Workspace(
            slug="crowd", name="Crowd", execution_secret=new_secret(), signing_root=new_secret()
        )
        db.session.add(theirs)
        db.session.flush()
        people = [User(email=f"p{number}@example.com") for number in range(PEOPLE)]
        db.session.add_all(people)
        db.session.flush()
        workspace_ids = (alice.workspace_id, theirs.id)
        for user in people:
            user.password_hash = password_hash()
            for workspace_id in workspace_ids:
                db.session.add(
                    Membership(user_id=user.id, workspace_id=workspace_id, role=Role.ADMIN)
                )
        return Members(workspace_ids, tuple(user.id for user in people))


def violations(members: Members) -> Iterator[str]:
    """Each workspace has an admin who can act."""
    for workspace_id in members.workspace_ids:
        memberships = select(Membership).where(Membership.workspace_id == workspace_id)
        admins = [each for each in db.session.scalars(memberships) if each.role is Role.ADMIN]
        if not any(each.is_active for each in admins):
            yield f"workspace {workspace_id} has no active admin"


class Accounts:
    """What one thread does to accounts; each in a transaction of its own."""

    def __init__(self, members: Members, random: Random) -> None:
        self._members = members
        self._random = random
        self._refresh_tokens: list[str] = []
        self._resets: list[str] = []
        self.turns: list[tuple[int, Callable[[], object]]] = [
            (3, self.change_role),
            (2, self.deactivate),
            (3, self.activate),
            (1, self.remove),
            (3, self.invite),
            (1, self.shut_out),
            (2, self.edit_role),
            (3, self.give_or_take_role),
            (3, self.set_roles),
            (2, self.password),
            (2, self.reset),
            (3, self.key),
            (4, self.sign_in),
        ]

    def change_role(self) -> None:
        by, member = self._by(), self._somebody()
        with ending.revoking_of(by, [member]):
            users.change_role(by, member, self._random.choice(list(Role)))

    def deactivate(self) -> None:
        users.deactivate_member(self._by(), self._somebody())

    def activate(self) -> None:
        users.activate_member(self._by(), self._somebody())

    def remove(self) -> None:
        ending.remove_member(self._by(), self._somebody())

    def invite(self) -> None:
        """Invite somebody who has an account, or, now and then, make one."""
        token = invite_for(self._by(), role=self._random.choice(list(Role)), email=None)
        if self._random.random() < 0.1:
            name = self._random.getrandbits(64)
            sign_up(token, f"n{name}@example.com", password_hash())
        else:
            join(token, self._user())

    def shut_out(self) -> None:
        """As whoever runs the server; for a moment only, or soon nobody would be left."""
        user = self._user()
        if user.is_active:
            ending.deactivate_user(user)
        else:
            users.activate_user(user)

    def edit_role(self) -> None:
        by = self._by()
        permissions = [f"sinas.{self._random.choice(('agents', 'functions'))}.read:all"]
        held = queries.all_roles(by.workspace)
        if len(held) < ROLES_MAX:
            name = f"r{self._random.getrandbits(32)}"
            roles.create_role(by, name=name, description="", permissions=permissions)
            return
        role_id = self._random.choice(held).id
        with ending.revoking_of(by, queries.who_has(by.workspace, role_id)):
            if self._random.random() < 0.3:
                roles.delete_role(by, role_id)
            else:
                roles.update_role(by, role_id, {"permissions": permissions})

    def give_or_take_role(self) -> None:
        by = self._by()
        change = self._random.choice((roles.give_role, roles.take_role))
        role_id = self._one_of(CustomRole.id, CustomRole.workspace_id == by.workspace.id)
        member = self._somebody()
        with ending.revoking_of(by, [member]):
            change(by, role_id, member)

    def set_roles(self) -> None:
        by = self._by()
        role_ids = [each.id for each in queries.all_roles(by.workspace)]
        chosen = {each for each in role_ids if self._random.random() < 0.5}
        member = self._somebody()
        with ending.revoking_of(by, [member]):
            roles.set_roles(by, member, chosen)

    def password(self) -> None:
        change_password(self._user(), self._another_hash(), keep=new_id())

    def reset(self) -> None:
        if self._resets and self._random.random() < 0.6:
            reset_password(self._resets.pop(), self._another_hash())
        else:
            self._resets.append(make_reset_link(self._user(), by=None))

    def key(self) -> None:
        """Make a key, some with another one, or revoke one with all that were made with it."""
        by, user = self._by(), self._user()
        is_theirs = ApiKey.workspace_id == by.workspace.id, ApiKey.revoked_at.is_(None)
        keys = db.session.scalars(select(ApiKey).where(*is_theirs).limit(10)).all()
        if keys and self._random.random() < 0.5:
            revoke_key(by.workspace, self._random.choice(keys).id)
            return
        parent = self._random.choice([None, *keys])
        owner = user if parent is None else parent.user
        create_key(by.workspace, owner, name="k", scopes=("all:all",), parent=parent)

    def sign_in(self) -> None:
        """Sign a program in, keep it signed in, sign it out; or a person everywhere."""
        user, chance = self._user(), self._random.random()
        if self._refresh_tokens and chance < 0.5:
            token = self._random.choice(self._refresh_tokens)
            renewed = renew_program_session(token, rotate=chance < 0.2)
            self._refresh_tokens.append(getattr(renewed, "refresh_token", token))
        elif self._refresh_tokens and chance < 0.6:
            end_program_session(self._refresh_tokens.pop())
        elif chance < 0.7:
            end_sessions(user)
        else:
            workspace = db.session.get_one(Workspace, self._workspace_id())
            begun = begin_program_session(
                user, workspace, user_agent="stress", remote_address="127.0.0.1"
            )
            self._refresh_tokens = [*self._refresh_tokens[-5:], begun.refresh_token]

    def _another_hash(self) -> PasswordHash:
        return PasswordHash(f"{password_hash()}{self._random.getrandbits(32)}")

    def _by(self) -> Principal:
        """Return one of the people acting as an admin, as they were when they came."""
        workspace = db.session.get_one(Workspace, self._workspace_id())
        return Principal(workspace, self._user(), Role.ADMIN)

    def _user(self) -> User:
        return db.session.get_one(User, self._somebody())

    def _somebody(self) -> UUID:
        return self._random.choice(self._members.user_ids)

    def _workspace_id(self) -> UUID:
        return self._random.choice(self._members.workspace_ids)

    def _one_of(self, column: InstrumentedAttribute[UUID], *conditions: Any) -> UUID:
        """Raises: NotFound when there is none."""
        found = db.session.scalars(select(column).where(*conditions)).all()
        if not found:
            raise NotFound("There is none.")
        return self._random.choice(found)
