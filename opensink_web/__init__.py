"""OpenSink: the control room in which people answer AI agents. This page is the map.

How the parts work together is told in docs/design.md. One way through, and the same noun names the
file in every package:

        HTTP in - blueprint (web/, api/, runtime/) - operation - models - commit - wake-up by RQ -
        worker - outbound call - operation - models

The row in the database is the truth; Redis only carries "look at group N", and to the web
processes which workspace changed.

    cli         the commands: up, dev, web, worker, sweeper, db, user, workspace, api-key, doctor,
                status, demo, openapi, settings, backup, restore, prune, audit, rotate-key, batch,
                execution
    dev         `dev`: a server without sign-in or keys, on this machine alone
    supervisor  `up`: the embedded server for Redis, web, workers and sweeper as one process tree
    factory     create_app(): the only place that puts the packages together
    wiring      of which this is what every process needs: database, Redis, services
    web/        pages: one file per page area, forms beside their views; in packages as operations/
    api/        /api/v1: one file per noun
    runtime/    the execution API at the root: one file per noun
    work/       the work engine, the only package that knows RQ and Redis: queue (in the database),
                wakeups, dispatcher (one per worker), kinds (the registry) and their modules,
                sweeper, worker
    contract/   a JSON route declared once: who may call it, what it takes, how it is documented;
                live: what open pages wait to be told
    services    what requests need from outside the database, wired by the factory
    operations/ the verbs: ask, resolve, claim, finish; the workspace is the first argument; each
                package above what it may know: decisions executions deliveries agents sinks
                requests accounts
    http_server/  HTTP/1.1 in front of a WSGI application: threads for whole requests alone
    function_host/  Python functions, each call in a process of its own
    models/     the tables, one file per noun, and what is true of one row alone
    message_template/  templates of messages, rendered in a sandbox, by processes of their own
    schema/     agents' JSON Schemas: limits, validation, schema -> field tree -> WTForms
    channels/   how people are told of requests elsewhere: a folder for each, with its transport
    connections/  how agents ask that were not written for us: a folder for each protocol
    outbound/   HTTP out: the guarded client, the address policy, signatures, retry schedule
    rate_limit  how often somebody may try: rates, and counters in memory
    access_token  signing and reading the tokens with which programs call for a person
    settings    what an operator can set; the only reader of the environment
    setting_fields  how a setting is declared
    setting_values  how the texts of settings are read and checked
    errors      the domain's errors, each with its code and status
    keyring     the keys that encrypt secrets at rest
    visible_text  characters that nobody sees, and what to write in their place
    isolation/  limits of processes that carry out what others wrote
    lookalike   letters that pass for others, and names that look the same
    json_value  the JSON type, and a parser that refuses what two readers could read two ways
    clock       now()
    trace_context  the traces of those who call, W3C's traceparent and tracestate: read and written
    client      opensink_client, the Python client of clients/python/, under the name that it had
    functions   what authors of Python functions import
    demo/       a small trading agent, the example to copy
    migrations/ Alembic's steps from one version of the tables to the next

Imports go down this list only; import-linter checks it (pyproject.toml).
"""

import sys

# before anything that an older one could not read; this file and app.py it can
if sys.version_info < (3, 11):  # noqa: UP036 - pip looks, but not when a checkout is just started
    raise ImportError(
        "OpenSink needs Python 3.11 or newer, and this is %d.%d. Make the virtual environment with"  # noqa: UP031 - as above
        " a newer one: python3.11 -m venv .venv" % tuple(sys.version_info[:2])
    )
