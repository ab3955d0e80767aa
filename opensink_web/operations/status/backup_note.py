"""When `opensink backup` last made a backup: a note in the data folder, for who looks at it."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

FILE_NAME = "last_backup"


def note_backup(data_dir: Path, moment: datetime) -> None:
    """Write down that a backup was made; one that cannot be noted was made all the same."""
    with suppress(OSError):
        (data_dir / FILE_NAME).write_text(f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n")


def last_backup(data_dir: Path) -> datetime | None:
    """Return when the last one was made, or None where no note is that can be read."""
    try:
        moment = datetime.fromisoformat((data_dir / FILE_NAME).read_text().strip())
    except (OSError, ValueError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
