"""Telling people elsewhere what waits for them, and taking back what they need not see any more.

The chain of the audit is the log of events: a chore reads on from a cursor and writes what follows
in the transaction that moves it (notifier.py), so nobody who asks or decides waits for any of this.

channel, rule   what each person sets up for themselves
subject         what rules look at of a request
recipients      who wants to be told of it, and where
gathering       notifications -> messages: at once, or together
withdrawal      what was decided is taken back
notifier        the events of the audit, in order
composition     a message as it is sent, of what there is to tell in that moment
button          what its reader may decide of a request without filling anything in
message         messages as work: claimed, tried again, finished; the ledger
tryout          what a rule would tell of now
queries         reading
"""
