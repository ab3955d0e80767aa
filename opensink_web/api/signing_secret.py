"""What the API says of signing secrets, the same for agents and functions."""

from typing import Any, TypeAlias

from pydantic import Field

from opensink_web import clock
from opensink_web.errors import UnreadableSecret
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.signing_secret import Owner, signing_secret_of

SigningSecret: TypeAlias = str | None
SIGNING_SECRET: Any = Field(
    description="`whsec_…`: what `webhook-signature` of every call is made with, and nobody else's."
    " In no call itself. Null for those who may not write this, and for delegated tokens."
)
OVERLAP_ENDS_AT: Any = Field(
    description="Until when calls are signed with the previous secret too; null if they are not."
)
SERVER_SET = frozenset(("signing_secret", "signing_overlap_ends_at"))


def signing_facts(principal: Principal, resource: str, owner: Owner) -> dict[str, Any]:
    """Return the fields of an answer; the secret for those alone who may write the owner.

    What cannot be decrypted is null: that a call cannot be made its delivery says.
    """
    secret = None
    if owner.is_signed and principal.may(resource, Action.WRITE):
        try:
            secret = signing_secret_of(principal.workspace, owner)
        except UnreadableSecret:
            secret = None
    ends_at = owner.signing_overlap_ends_at if owner.signing_overlaps_at(clock.now()) else None
    return {"signing_secret": secret, "signing_overlap_ends_at": ends_at}
