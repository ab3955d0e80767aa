"""The verbs: what can be done, one file per noun, the workspace as first argument.

An operation reads and writes rows and raises the domain's errors. It never commits: whoever calls
it has opened the transaction (models/transaction.py) and closes it. It knows no request, no Redis
and opens no connection; what must happen next it writes down as a Delivery.
"""
