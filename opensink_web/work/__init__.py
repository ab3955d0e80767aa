"""The work engine: whatever leaves a transaction is a row that is due, and is carried out here.

A kind of work is a table whose rows are `Leased`, a module that says how they are claimed, carried
out and finished, and a line in kinds.py. Whoever writes a row that is due calls
`notify_after_commit`; after the commit a wake-up goes through Redis (wakeups.py), a worker's
dispatcher claims what is due in the group (queue.py), has it carried out in threads (capacity.py,
pool.py), and writes down what came of it. What Redis forgets the sweeper finds in the database.

This is the only package that knows RQ and Redis.
"""
