"""The condition of a server as JSON, for programs: the status page's and `opensink status`."""

from collections.abc import Sequence
from datetime import datetime

from opensink_web.json_value import JSONObject
from opensink_web.operations.status.condition import Condition, DatabaseCondition, Disk
from opensink_web.operations.status.finding import Finding, Verdict


def worst(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict of all of them together."""
    verdicts = {finding.verdict for finding in findings}
    return next((each for each in (Verdict.FAIL, Verdict.WARN) if each in verdicts), Verdict.OK)


def as_json(condition: Condition, findings: Sequence[Finding]) -> JSONObject:
    """Return all of it; moments are in UTC."""
    readiness, database = condition.readiness, condition.database
    return {
        "status": worst(findings).value,
        "at": _moment(condition.at),
        "findings": [
            {"verdict": each.verdict.value, "subject": each.subject, "sentence": each.sentence}
            for each in findings
        ],
        "redis": readiness.redis,
        "workers": [
            {"name": each.name, "seen_at": _moment(each.seen_at), "is_alive": each.is_alive}
            for each in readiness.seen
        ],
        "swept_at": _moment(readiness.swept_at),
        "disk": None if condition.disk is None else _of_disk(condition.disk),
        "backup_at": _moment(condition.backup_at),
        "database": None if database is None else _of_database(database),
    }


def _of_disk(disk: Disk) -> JSONObject:
    return {"free_bytes": disk.free_bytes, "total_bytes": disk.total_bytes}


def _of_database(database: DatabaseCondition) -> JSONObject:
    versions: JSONObject = {
        "revision": database.revision,
        "newest_revision": database.newest_revision,
    }
    if not database.is_current:
        return versions
    hour = database.last_hour
    return {
        **versions,
        "waiting": [
            {
                "workspace_id": str(each.workspace_id),
                "count": each.count,
                "oldest_at": _moment(each.oldest_at),
            }
            for each in database.waiting
        ],
        "queue": [
            {
                "kind": each.kind,
                "due": each.due,
                "due_since": _moment(each.due_since),
                "leased": each.leased,
                "lost": each.lost,
            }
            for each in database.backlog
        ],
        "failing_endpoints": [
            {
                "workspace_id": str(each.workspace_id),
                "count": each.count,
                "since": _moment(each.since),
            }
            for each in database.failing
        ],
        "last_hour": {
            "requests": hour.requests,
            "calls": hour.calls,
            "failed_calls": hour.failed_calls,
            "median_ms": hour.median_ms,
            "p90_ms": hour.p90_ms,
        },
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
