"""What workers and the sweeper run; the only room that knows RQ and Redis.

Redis carries "look at delivery N" and no more: whatever it forgets, the sweeper finds in the
database. Jobs are thin: they take an id, call an operation, make the call, call an operation.
"""
