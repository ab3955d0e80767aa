"""Made of administration.py, by `python -m tests.asynchronous_client`: change that one."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from ..resources import (
    Absence,
    ApiKey,
    AuditEntry,
    Me,
    Member,
    PermissionsCheck,
    Policy,
    PolicyPreview,
    PolicyRevision,
    Role,
    Team,
    Tokens,
)
from .threads import Threaded


class AsyncAdministration(Threaded):
    """What admins do, and everybody with what is their own."""

    async def me(self) -> Me:
        """Return who the key or token speaks for."""
        return await self._call(self._client.me)

    async def create_key(self, name: str, scopes: list[str], **settings: Any) -> ApiKey:
        """Make an API key; expires_at is a setting. Its `key` is told this once."""
        return await self._call(self._client.create_key, name, scopes, **settings)

    def list_keys(self) -> AsyncIterator[ApiKey]:
        """Yield API keys, newest first."""
        return self._each(self._client.list_keys())

    async def get_key(self, key_id: str) -> ApiKey:
        """Read an API key."""
        return await self._call(self._client.get_key, key_id)

    async def revoke_key(self, key_id: str) -> None:
        """Let an API key be good for nothing more."""
        await self._call(self._client.revoke_key, key_id)

    def list_audit_entries(self, **filters: Any) -> AsyncIterator[AuditEntry]:
        """Yield what happened, newest first.

        Filters are user_id, action, subject_id, since and before.
        """
        return self._each(self._client.list_audit_entries(**filters))

    async def create_role(self, name: str, permissions: list[str], **settings: Any) -> Role:
        """Make a role; description is a setting."""
        return await self._call(self._client.create_role, name, permissions, **settings)

    def list_roles(self) -> AsyncIterator[Role]:
        """Yield roles, newest first."""
        return self._each(self._client.list_roles())

    async def get_role(self, role_id: str) -> Role:
        """Read a role."""
        return await self._call(self._client.get_role, role_id)

    async def update_role(self, role_id: str, **changes: Any) -> Role:
        """Change name, description or permissions."""
        return await self._call(self._client.update_role, role_id, **changes)

    async def delete_role(self, role_id: str) -> None:
        """Delete a role that nobody needs."""
        await self._call(self._client.delete_role, role_id)

    def list_role_members(self, role_id: str) -> AsyncIterator[Member]:
        """Yield who has a role."""
        return self._each(self._client.list_role_members(role_id))

    async def give_role(self, role_id: str, member: str) -> Member:
        """Give a role to a member, named by address or id."""
        return await self._call(self._client.give_role, role_id, member)

    async def take_role(self, role_id: str, user_id: str) -> None:
        """Take a role from a member."""
        await self._call(self._client.take_role, role_id, user_id)

    async def create_team(self, name: str, **settings: Any) -> Team:
        """Make a team; settings are description and members."""
        return await self._call(self._client.create_team, name, **settings)

    def list_teams(self) -> AsyncIterator[Team]:
        """Yield teams, newest first."""
        return self._each(self._client.list_teams())

    async def get_team(self, team_id: str) -> Team:
        """Read a team."""
        return await self._call(self._client.get_team, team_id)

    async def update_team(self, team_id: str, **changes: Any) -> Team:
        """Change name, description or members."""
        return await self._call(self._client.update_team, team_id, **changes)

    async def delete_team(self, team_id: str) -> None:
        """Delete a team; what was assigned to it is no longer."""
        await self._call(self._client.delete_team, team_id)

    async def create_absence(
        self, begins_at: datetime | str, ends_at: datetime | str, **settings: Any
    ) -> Absence:
        """Say when somebody is away; settings are user, deputy and note."""
        return await self._call(self._client.create_absence, begins_at, ends_at, **settings)

    def list_absences(self) -> AsyncIterator[Absence]:
        """Yield absences, newest first."""
        return self._each(self._client.list_absences())

    async def get_absence(self, absence_id: str) -> Absence:
        """Read an absence."""
        return await self._call(self._client.get_absence, absence_id)

    async def update_absence(self, absence_id: str, **changes: Any) -> Absence:
        """Change begins_at, ends_at, deputy or note."""
        return await self._call(self._client.update_absence, absence_id, **changes)

    async def end_absence(self, absence_id: str) -> None:
        """Take an absence back, or end it now."""
        await self._call(self._client.end_absence, absence_id)

    async def create_policy(
        self, name: str, steps: list[dict[str, Any]], **settings: Any
    ) -> Policy:
        """Make a rule of who decides what.

        Settings are agent_id, function_id, key, condition (a JSON Schema) and is_active.
        """
        return await self._call(self._client.create_policy, name, steps, **settings)

    def list_policies(self) -> AsyncIterator[Policy]:
        """Yield rules, in the order in which they are looked at."""
        return self._each(self._client.list_policies())

    async def get_policy(self, policy_id: str) -> Policy:
        """Read a rule."""
        return await self._call(self._client.get_policy, policy_id)

    async def update_policy(self, policy_id: str, **changes: Any) -> Policy:
        """Change what a rule says, which makes a revision, or its place."""
        return await self._call(self._client.update_policy, policy_id, **changes)

    async def delete_policy(self, policy_id: str) -> None:
        """Delete a rule; what waits goes on by it."""
        await self._call(self._client.delete_policy, policy_id)

    async def list_revisions(self, policy_id: str) -> list[PolicyRevision]:
        """Return what a rule said, newest first."""
        return await self._call(self._client.list_revisions, policy_id)

    async def try_policy(
        self, name: str, steps: list[dict[str, Any]], **settings: Any
    ) -> PolicyPreview:
        """See what a rule would concern, before it is made.

        Settings are those of create_policy, and sample.
        """
        return await self._call(self._client.try_policy, name, steps, **settings)

    async def check_permissions(self, permissions: list[str], **settings: Any) -> PermissionsCheck:
        """Return which permissions the key or token has; the setting is logic: AND, or OR."""
        return await self._call(self._client.check_permissions, permissions, **settings)

    async def refresh(self, refresh_token: str, **settings: Any) -> Tokens:
        """Make the next access token; with rotate=True the refresh token changes too."""
        return await self._call(self._client.refresh, refresh_token, **settings)

    async def logout(self, refresh_token: str) -> None:
        """Let a refresh token be good for nothing more."""
        await self._call(self._client.logout, refresh_token)
