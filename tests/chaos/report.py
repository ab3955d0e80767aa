"""What a run showed: numbers for a table and for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.clients import Outcomes
from tests.chaos.cluster import Cluster
from tests.chaos.endpoint import Arrival
from tests.chaos.plan import Plan
from tests.chaos.subject import Verdict


@dataclass(frozen=True)
class Report:
    """All times are seconds."""

    seed: int
    database: str
    acknowledged: int
    answered_before: int
    unacknowledged: int
    stored: int
    lost: int
    stuck: int
    failed: int
    delivered_more_than_once: int
    calls_of_nothing_stored: int
    violations: list[str]
    refusals: list[str]
    settle_p50: float
    settle_p95: float
    settle_max: float
    answer_p50: float
    answer_p99: float
    kills: dict[str, int]
    ended_by_themselves: dict[str, int]
    took: float

    @property
    def is_well(self) -> bool:
        """Return True if nothing was lost, and nothing seen that must never be."""
        bad = (self.lost, self.stuck, self.calls_of_nothing_stored, self.violations, self.refusals)
        return not any(bad)

    def table(self) -> str:
        rows = asdict(self).items()
        return "\n".join(f"{name.replace('_', ' '):28}{cell(value)}" for name, value in rows)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def report(
    plan: Plan,
    outcomes: Outcomes,
    verdicts: dict[str, Verdict],
    calls: Sequence[Arrival],
    violations: list[str],
    cluster: Cluster,
    took_seconds: float,
) -> Report:
    """Compare what clients were told with what is stored and what endpoints saw."""
    promised = {*outcomes.acknowledged, *outcomes.answered_before}
    seen = Counter(call.subject_id for call in calls)
    kept = {name for name, verdict in verdicts.items() if _is_kept(verdict, seen[name])}
    settles = [each.settle_seconds for each in verdicts.values() if each.settle_seconds is not None]
    return Report(
        seed=plan.seed,
        database=plan.database,
        acknowledged=len(outcomes.acknowledged),
        answered_before=len(outcomes.answered_before),
        unacknowledged=plan.resolutions - len(promised),
        stored=len(verdicts),
        lost=len(promised - kept),
        stuck=sum(not verdict.is_final for verdict in verdicts.values()),
        failed=sum(each.is_final and not each.is_success for each in verdicts.values()),
        delivered_more_than_once=sum(count > 1 for count in seen.values()),
        calls_of_nothing_stored=len(set(seen) - set(verdicts)),
        violations=violations,
        refusals=outcomes.refusals,
        settle_p50=quantile(settles, 0.5),
        settle_p95=quantile(settles, 0.95),
        settle_max=quantile(settles, 1),
        answer_p50=quantile(outcomes.tries, 0.5),
        answer_p99=quantile(outcomes.tries, 0.99),
        kills=dict(cluster.kills),
        ended_by_themselves=dict(cluster.ended),
        took=took_seconds,
    )


def _is_kept(verdict: Verdict, calls_seen: int) -> bool:
    if verdict.is_success and not calls_seen:
        return False  # somebody believes in a call that was never made
    return verdict.deliveries == 1 and verdict.is_final


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def cell(value: object) -> str:
    """Write a figure for the table."""
    if isinstance(value, dict):
        return ", ".join(f"{kind} {count}" for kind, count in value.items()) or "none"
    if isinstance(value, list):
        return "\n    ".join([str(len(value)), *value[:20]])
    return f"{value:.3f}" if isinstance(value, float) else str(value)
