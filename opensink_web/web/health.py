"""Is the web process alive; is everything that it needs?"""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from opensink_web.models import db
from opensink_web.web.access import public, services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Answer as long as the web process lives."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Answer 200 when the database, Redis and a worker do, else 503 saying which does not."""
    readiness = services().readiness()
    checks = {
        "database": _database_answers(),
        "redis": readiness.redis,
        "workers": readiness.workers > 0,
    }
    is_ready = all(checks.values())
    words = {name: "ok" if passed else "unavailable" for name, passed in checks.items()}
    answer = {"status": "ok" if is_ready else "unavailable", "checks": words}
    return answer, 200 if is_ready else 503


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
