"""What agents are to go by."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an agent is to go by: a version of a variant, which nobody changes."""

    id: str
    agent_id: str
    variant: str
    version: int
    variant_version: int
    schema_version: int
    schema: dict[str, Any] | bool
    value: dict[str, Any]
    created_at: str
    updated_at: str
