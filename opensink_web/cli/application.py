"""The Flask application on a database that was checked first, for commands that use the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import make_url

from opensink_web.cli.database import check_not_newer, current_revision, is_current
from opensink_web.errors import ConfigurationError
from opensink_web.models import db
from opensink_web.models.transaction import reading
from opensink_web.operations.audit.actor import OPERATOR, acting_as
from opensink_web.operations.sealed import check_keys
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import check_database
from opensink_web.supervisor.installation import (
    check_installed,
    check_keys_are_named,
    no_database,
)
from opensink_web.wiring import visiting_app


def ready_application(
    settings: Settings, make: Callable[[Settings], Flask] = visiting_app
) -> Flask:
    """Return the application, its database reachable and at this version; neither is made here.

    Unless `make` makes another one, it answers no requests.

    Raises: ConfigurationError
    """
    check_installed(settings)
    check_database(settings)
    check_keys_are_named(settings)
    application = make(settings)
    with application.app_context():
        try:
            _check_tables(settings)
            with reading():
                check_keys()
        finally:
            # a connection must not be shared with processes forked from this one
            db.engine.dispose()
    return application


def _check_tables(settings: Settings) -> None:
    revision = current_revision()
    check_not_newer(revision)
    if revision is None:
        place = make_url(settings.database_url).render_as_string(hide_password=True)
        raise ConfigurationError(no_database(settings, place))
    if not is_current():
        raise ConfigurationError(
            "The database's tables do not match this version of OpenSink; run `opensink db"
            " upgrade`."
        )


@contextmanager
def in_application(settings: Settings) -> Iterator[None]:
    """Run the block where operations can be called. Raises: ConfigurationError."""
    with ready_application(settings).app_context(), acting_as(OPERATOR):
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()
