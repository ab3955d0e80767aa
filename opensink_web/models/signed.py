"""What every row has whose calls are signed with a secret of its own: which one, and since when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

FIRST_GENERATION = 1


class Signed:
    """The secret is derived from the workspace's root, the row's id and `signing_generation`.

    A rotation is an increment. Until `signing_overlap_ends_at` the generation before signs too;
    before the first one it was the workspace's execution secret that signed.
    """

    id: Mapped[UUID]
    signing_generation: Mapped[int] = mapped_column(
        default=FIRST_GENERATION, server_default=str(FIRST_GENERATION)
    )
    signing_rotated_at: Mapped[datetime | None]
    signing_overlap_ends_at: Mapped[datetime | None]

    @property
    def is_signed(self) -> bool:
        """Return True if there are calls to sign."""
        return True

    def signing_overlaps_at(self, moment: datetime) -> bool:
        """Return True if calls made at `moment` are signed with the previous secret too."""
        ends_at = self.signing_overlap_ends_at
        return ends_at is not None and moment < ends_at
