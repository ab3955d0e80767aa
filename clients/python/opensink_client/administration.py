"""The client's calls about who may do what: keys, roles, teams, absences, rules; and the audit."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .resources import (
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
    read,
    with_moments,
)
from .transport import Transport, part


class Administration:
    """What admins do, and everybody with what is their own."""

    _http: Transport

    def me(self) -> Me:
        """Return who the key or token speaks for."""
        return read(Me, self._http.root("GET", "/auth/me"))

    def create_key(self, name: str, scopes: list[str], **settings: Any) -> ApiKey:
        """Make an API key; expires_at is a setting. Its `key` is told this once."""
        return read(
            ApiKey,
            self._http.api(
                "POST", "/api-keys", with_moments({"name": name, "scopes": scopes, **settings})
            ),
        )

    def list_keys(self) -> Iterator[ApiKey]:
        """Yield API keys, newest first."""
        for item in self._http.each("/api-keys", {}):
            yield read(ApiKey, item)

    def get_key(self, key_id: str) -> ApiKey:
        """Read an API key."""
        return read(ApiKey, self._http.api("GET", f"/api-keys/{part(key_id)}"))

    def revoke_key(self, key_id: str) -> None:
        """Let an API key be good for nothing more."""
        self._http.api("DELETE", f"/api-keys/{part(key_id)}")

    def list_audit_entries(self, **filters: Any) -> Iterator[AuditEntry]:
        """Yield what happened, newest first.

        Filters are user_id, action, subject_id, since and before.
        """
        for item in self._http.each("/audit-entries", filters):
            yield read(AuditEntry, item)

    def create_role(self, name: str, permissions: list[str], **settings: Any) -> Role:
        """Make a role; description is a setting."""
        return read(
            Role,
            self._http.api(
                "POST", "/roles", {"name": name, "permissions": permissions, **settings}
            ),
        )

    def list_roles(self) -> Iterator[Role]:
        """Yield roles, newest first."""
        for item in self._http.each("/roles", {}):
            yield read(Role, item)

    def get_role(self, role_id: str) -> Role:
        """Read a role."""
        return read(Role, self._http.api("GET", f"/roles/{part(role_id)}"))

    def update_role(self, role_id: str, **changes: Any) -> Role:
        """Change name, description or permissions."""
        return read(Role, self._http.api("PATCH", f"/roles/{part(role_id)}", changes))

    def delete_role(self, role_id: str) -> None:
        """Delete a role that nobody needs."""
        self._http.api("DELETE", f"/roles/{part(role_id)}")

    def list_role_members(self, role_id: str) -> Iterator[Member]:
        """Yield who has a role."""
        for item in self._http.each(f"/roles/{part(role_id)}/members", {}):
            yield read(Member, item)

    def give_role(self, role_id: str, member: str) -> Member:
        """Give a role to a member, named by address or id."""
        return read(
            Member, self._http.api("POST", f"/roles/{part(role_id)}/members", {"member": member})
        )

    def take_role(self, role_id: str, user_id: str) -> None:
        """Take a role from a member."""
        self._http.api("DELETE", f"/roles/{part(role_id)}/members/{part(user_id)}")

    def create_team(self, name: str, **settings: Any) -> Team:
        """Make a team; settings are description and members."""
        return read(Team, self._http.api("POST", "/teams", {"name": name, **settings}))

    def list_teams(self) -> Iterator[Team]:
        """Yield teams, newest first."""
        for item in self._http.each("/teams", {}):
            yield read(Team, item)

    def get_team(self, team_id: str) -> Team:
        """Read a team."""
        return read(Team, self._http.api("GET", f"/teams/{part(team_id)}"))

    def update_team(self, team_id: str, **changes: Any) -> Team:
        """Change name, description or members."""
        return read(Team, self._http.api("PATCH", f"/teams/{part(team_id)}", changes))

    def delete_team(self, team_id: str) -> None:
        """Delete a team; what was assigned to it is no longer."""
        self._http.api("DELETE", f"/teams/{part(team_id)}")

    def create_absence(
        self, begins_at: datetime | str, ends_at: datetime | str, **settings: Any
    ) -> Absence:
        """Say when somebody is away; settings are user, deputy and note."""
        return read(
            Absence,
            self._http.api(
                "POST",
                "/absences",
                with_moments({"begins_at": begins_at, "ends_at": ends_at, **settings}),
            ),
        )

    def list_absences(self) -> Iterator[Absence]:
        """Yield absences, newest first."""
        for item in self._http.each("/absences", {}):
            yield read(Absence, item)

    def get_absence(self, absence_id: str) -> Absence:
        """Read an absence."""
        return read(Absence, self._http.api("GET", f"/absences/{part(absence_id)}"))

    def update_absence(self, absence_id: str, **changes: Any) -> Absence:
        """Change begins_at, ends_at, deputy or note."""
        return read(
            Absence, self._http.api("PATCH", f"/absences/{part(absence_id)}", with_moments(changes))
        )

    def end_absence(self, absence_id: str) -> None:
        """Take an absence back, or end it now."""
        self._http.api("DELETE", f"/absences/{part(absence_id)}")

    def create_policy(self, name: str, steps: list[dict[str, Any]], **settings: Any) -> Policy:
        """Make a rule of who decides what.

        Settings are agent_id, function_id, key, condition (a JSON Schema) and is_active.
        """
        return read(
            Policy, self._http.api("POST", "/policies", {"name": name, "steps": steps, **settings})
        )

    def list_policies(self) -> Iterator[Policy]:
        """Yield rules, in the order in which they are looked at."""
        for item in self._http.each("/policies", {}):
            yield read(Policy, item)

    def get_policy(self, policy_id: str) -> Policy:
        """Read a rule."""
        return read(Policy, self._http.api("GET", f"/policies/{part(policy_id)}"))

    def update_policy(self, policy_id: str, **changes: Any) -> Policy:
        """Change what a rule says, which makes a revision, or its place."""
        return read(Policy, self._http.api("PATCH", f"/policies/{part(policy_id)}", changes))

    def delete_policy(self, policy_id: str) -> None:
        """Delete a rule; what waits goes on by it."""
        self._http.api("DELETE", f"/policies/{part(policy_id)}")

    def list_revisions(self, policy_id: str) -> list[PolicyRevision]:
        """Return what a rule said, newest first."""
        page = self._http.api("GET", f"/policies/{part(policy_id)}/revisions")
        return [read(PolicyRevision, item) for item in page["items"]]

    def try_policy(self, name: str, steps: list[dict[str, Any]], **settings: Any) -> PolicyPreview:
        """See what a rule would concern, before it is made.

        Settings are those of create_policy, and sample.
        """
        return read(
            PolicyPreview,
            self._http.api("POST", "/policies/try", {"name": name, "steps": steps, **settings}),
        )

    def check_permissions(self, permissions: list[str], **settings: Any) -> PermissionsCheck:
        """Return which permissions the key or token has; the setting is logic: AND, or OR."""
        return read(
            PermissionsCheck,
            self._http.root(
                "POST", "/auth/check-permissions", {"permissions": permissions, **settings}
            ),
        )

    def refresh(self, refresh_token: str, **settings: Any) -> Tokens:
        """Make the next access token; with rotate=True the refresh token changes too."""
        return read(
            Tokens,
            self._http.root("POST", "/auth/refresh", {"refresh_token": refresh_token, **settings}),
        )

    def logout(self, refresh_token: str) -> None:
        """Let a refresh token be good for nothing more."""
        self._http.root("POST", "/auth/logout", {"refresh_token": refresh_token})
