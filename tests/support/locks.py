"""Looking from outside at who waits for whom in PostgreSQL."""

from sqlalchemy import text

from opensink_web.models import db


def somebody_waits_for_a_lock() -> bool:
    """Return True if a transaction in the application's database waits for another's lock."""
    query = text(
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with db.engine.connect() as connection:
        return connection.execute(query).first() is not None
