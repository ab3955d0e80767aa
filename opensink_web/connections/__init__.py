"""How agents that were not written for OpenSink ask people, and are told: a folder for each way.

Pure values in, pure values out: no database, no Flask and no settings are read here. A folder says
what its protocol's words mean as a question, and in which shape the decision goes back.

decision    how a request ended, as whoever asked is told
resume_url/ an address that a workflow waits at: what is sent there

To add one: a folder with its shapes and their mapping, a line above, and tests in
tests/connections/<name>/.
"""
