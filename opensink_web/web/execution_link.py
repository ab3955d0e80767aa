"""Where the page of an execution is."""

from uuid import UUID


def execution_href(workspace_slug: str, execution_id: UUID) -> str:
    """Return the address of an execution's page."""
    return f"/w/{workspace_slug}/executions/{execution_id}"
