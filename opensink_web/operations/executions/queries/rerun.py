"""What became of an execution or a batch that was run again. Nothing is written here."""

from uuid import UUID

from sqlalchemy import select

from opensink_web.models import Batch, Execution, db


def reruns_of(original: Execution | Batch) -> list[UUID]:
    """Return the ids of those that ran this one again, oldest first."""
    table = type(original)
    query = select(table.id).where(table.rerun_of_id == original.id).order_by(table.id)
    return list(db.session.scalars(query))


def callback_urls_of(original: Execution | Batch) -> list[str]:
    """Return where running it again would tell of it."""
    urls = {original.callback_url}
    if isinstance(original, Batch):
        urls.add(childrens_callback_url(original))
    return sorted(url for url in urls if url is not None)


def childrens_callback_url(batch: Batch) -> str | None:
    """Return where each execution of a batch is told of: all were submitted with the same."""
    query = (
        select(Execution.id, Execution.sealed_callback_url)
        .where(Execution.batch_id == batch.id)
        .limit(1)
    )
    row = db.session.execute(query).first()
    return None if row is None else Execution.callback_url.unseal(row[0], row[1])
