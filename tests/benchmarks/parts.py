"""What the time from an answer to the agent's endpoint is made of, by what each process noted.

Each answer is alone on its way, so what was noted between its being sent and the next one's belongs
to it. A part begins where the last one ended, so that the parts add up to the whole.
"""

import statistics
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import lt
from pathlib import Path


@dataclass(frozen=True)
class Sent:
    """An answer: when the client sent it and had the response, and when the call arrived."""

    begun_at: float
    ended_at: float
    arrived_at: float


@dataclass(frozen=True)
class Trace:
    """What one part of the server noted, in order."""

    moments: list[float]
    names: list[str]

    @classmethod
    def of(cls, file: Path) -> "Trace":
        lines = sorted(line.split(" ", 1) for line in file.read_text().splitlines())
        pairs = sorted((float(moment), name) for moment, name in lines)
        return cls([moment for moment, _ in pairs], [name for _, name in pairs])

    def between(self, begun_at: float, ended_at: float) -> list[tuple[float, str]]:
        """Return what was noted in this time."""
        first, end = bisect_left(self.moments, begun_at), bisect_left(self.moments, ended_at)
        return list(zip(self.moments[first:end], self.names[first:end], strict=True))


Noted = Sequence[tuple[float, str]]
PARTS = (
    "request received and parsed",
    "authenticated and checked",
    "resolve transaction",
    "its commit",
    "wake-up on its way (Redis)",
    "worker's claim",
    "call, until it arrives",
)
BESIDES = ("response to the client, from its sending", "finish, from the call's response")


def part_medians_ms(
    answers: Sequence[Sent], web: Trace, workers: Sequence[Trace]
) -> dict[str, float]:
    """Return the median of each part in ms; those BESIDES are not in the sum of the others."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    ends = [following.begun_at for following in answers[1:]]
    for answer, end in zip(answers[:-1], ends, strict=True):
        steps = _steps(answer, end, web, workers)
        if steps is None:
            continue
        whole = [answer.begun_at, *steps[:-1], answer.arrived_at]
        for name, begun_at, ended_at in zip(PARTS, whole, whole[1:], strict=False):
            taken[name].append((ended_at - begun_at) * 1000)
        taken[BESIDES[0]].append((answer.ended_at - answer.begun_at) * 1000)
        taken[BESIDES[1]].append(steps[-1] * 1000)
    return {name: statistics.median(taken[name]) for name in (*PARTS, *BESIDES) if taken[name]}


def _steps(
    answer: Sent, end: float, web: Trace, workers: Sequence[Trace]
) -> tuple[float, ...] | None:
    """Return the moments between the parts, and how long the finish took.

    None if not all are known. The worker is the one that made the call.
    """
    in_web = web.between(answer.begun_at, end)
    request = _first(in_web, "request")
    begin = _first(in_web, "begin to write")
    commit = _first(in_web, "commit", lambda at: begin is not None and at > begin)
    committed = _first(in_web, "committed", lambda at: commit is not None and at > commit)
    for worker in workers:
        in_worker = worker.between(answer.begun_at, end)
        call = _first(in_worker, "call")
        called = _first(in_worker, "called")
        if call is None or called is None or committed is None:
            continue
        woken = [at for at, name in in_worker if name == "redis said" and committed < at < call]
        finished = _first(in_worker, "committed", partial(lt, called))
        if not woken or finished is None or request is None or begin is None or commit is None:
            return None
        return (request, begin, commit, committed, woken[0], call, finished - called)
    return None


def _first(
    noted: Noted, name: str, condition: Callable[[float], bool] | None = None
) -> float | None:
    for at, said in noted:
        if said == name and (condition is None or condition(at)):
            return at
    return None
