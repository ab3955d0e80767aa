"""What a run does, decided by its seed: whom it kills when, and how endpoints misbehave."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

WORKERS = 3
CLIENTS = 8


@dataclass(frozen=True)
class Plan:
    """A run's size and conditions. `wipes_redis`: at each restart, never, or (None) by chance."""

    database: str
    resolutions: int = 0
    holds_every: int = 4
    """Of so many answers one is held when the killing begins, as an answer on a page is."""
    kills: int = 0
    batches: int = 0
    seed: int = 1
    wipes_redis: bool | None = None
    is_naive: bool = False
    limit_seconds: float = 900.0
    settle_seconds: float = 120.0
    mean_gap_seconds: float = 0.4
    kills_each_once: bool = False
    """Instead of drawing by weight whom to kill; `kills` is how many kinds of part there are."""
    ages_leases: bool = False
    """Move leases and retries of the past into the past once the killing is over: saves waiting."""


@dataclass(frozen=True)
class Kill:
    """One SIGKILL: how long after the last one, to what, and what Redis then still knows."""

    after_seconds: float
    kind: str
    wipes_redis: bool


# `web` is the web server with its processes, `web process` one of those alone
_WEIGHTS = {"worker": 45, "web": 10, "web process": 12, "sweeper": 15, "redis": 18}


def kills_of(plan: Plan) -> Iterator[Kill]:
    """Draw the schedule; the same seed draws the same."""
    random = Random(plan.seed)
    in_turn = random.sample(list(_WEIGHTS), len(_WEIGHTS)) if plan.kills_each_once else []
    for _ in range(plan.kills):
        gap_seconds = min(random.expovariate(1 / plan.mean_gap_seconds), 4 * plan.mean_gap_seconds)
        (kind,) = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        kind = in_turn.pop() if in_turn else kind
        wipes = random.random() < 0.5
        yield Kill(gap_seconds, kind, wipes if plan.wipes_redis is None else plan.wipes_redis)


BEHAVIOURS = {
    "quick": {},
    "failing": {"fail": 0.10},
    "forgetful": {"lose": 0.05},
    "hanging": {"hang": 0.04},
    "held": {"hold": 1.0},
    "all": {"fail": 0.10, "lose": 0.05, "hang": 0.01},
}
"""What agents' endpoints do, and how often.

They answer 500, close without an answer, answer too late, or when they are told to.
"""
AGENTS = ("quick",) * 8 + ("failing",) * 4 + ("forgetful",) * 3 + ("hanging",) * 2 + ("all",) * 3
AGENT_TIMEOUT_SECONDS = 1.0
AGENT_ATTEMPTS = 10


def fault_of(seed: int, behaviour: str, request_id: str, nth: int) -> str | None:
    """Say what goes wrong with an endpoint's nth call for a request; the same for a seed."""
    draw = Random(f"{seed} {request_id} {nth}").random()
    for fault, share in BEHAVIOURS[behaviour].items():
        if draw < share:
            return fault
        draw -= share
    return None
