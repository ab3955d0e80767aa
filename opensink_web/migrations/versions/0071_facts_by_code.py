"""an index of facts by how requests ended, for lists of those that were approved or edited"""

from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_NAME = "ix_request_facts_workspace_id_code_at"


def upgrade() -> None:
    op.create_index(_NAME, "request_facts", ["workspace_id", "code", "at"])


def downgrade() -> None:
    op.drop_index(_NAME, table_name="request_facts")
