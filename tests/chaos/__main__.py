"""Kill everything, again and again, and count what is lost.

    .venv/bin/python -m tests.chaos [--database postgresql] [--resolutions 5000] [--kills 500]

The web server, three workers, the sweeper and the server for Redis run as real processes and are
killed with SIGKILL by a schedule that the seed decides, and started again, while clients answer
input requests over HTTP. Of 20 agents' endpoints some fail, some hang, some read a call and close.
Then all is left alone until every stored answer has reached its agent, and what clients were told
is compared with the database and with what the endpoints have seen. The exit code is 1 if an
acknowledged answer was lost or is stuck, or anything was seen that must never be.

With `--batches` clients submit batches of functions instead, each with 20 executions and callbacks,
and cancel some; endpoints and the receiver of callbacks count what arrives. With `--mixed` clients
do both at once, and what is old is pruned: deliveries, executions, callbacks and prune together.

`--wipe-redis` empties Redis at each of its restarts, `--keep-redis` never; without either a coin
decides. `--naive` puts plain commit-then-enqueue in our place, and loses: a harness that cannot
fail proves nothing. The log of all parts is kept in the file that `--log` names.
"""

import argparse
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.chaos.batch_run import BatchReport, run_batches
from tests.chaos.mixed import MixedReport, run_mixed
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.run import run


def main() -> int:
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # ends what was started, too
    arguments = _parser().parse_args()
    plan = Plan(
        database=arguments.database,
        resolutions=arguments.resolutions,
        kills=arguments.kills,
        batches=arguments.batches,
        seed=arguments.seed,
        wipes_redis=arguments.wipes_redis,
        is_naive=arguments.naive,
        limit_seconds=arguments.seconds,
        settle_seconds=15
        if arguments.naive
        else 120,  # what it has not done by then, it never will
    )
    log = arguments.log or Path(tempfile.gettempdir()) / "opensink-faults.log"
    print(f"seed {plan.seed}, log {log}", flush=True)
    report: Report | BatchReport | MixedReport
    if arguments.mixed:
        report = run_mixed(replace(plan, batches=plan.batches or plan.resolutions // 10), log)
    else:
        report = run_batches(plan, log) if plan.batches else run(plan, log)
    print(report.table())
    if arguments.json:
        report.write(arguments.json)
    return 0 if report.is_well else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--resolutions", type=int, default=5000)
    parser.add_argument("--batches", type=int, default=0, help="submit so many batches instead")
    parser.add_argument("--mixed", action="store_true", help="answers, batches and prune together")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900.0, help="stop killing after so many")
    redis = parser.add_mutually_exclusive_group()
    redis.add_argument("--keep-redis", dest="wipes_redis", action="store_false", default=None)
    redis.add_argument("--wipe-redis", dest="wipes_redis", action="store_true")
    parser.add_argument("--naive", action="store_true", help="commit, then enqueue; this loses")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--log", type=Path, metavar="FILE", help="where the parts' output goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
