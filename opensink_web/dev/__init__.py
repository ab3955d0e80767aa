"""`opensink dev`: a server for agents' authors, which nobody signs in to, on this machine alone.

    folder     where everything is kept: a temporary folder, or one that is named
    admission  who is let in, as what; handed to the web server by a descriptor, never by a setting
    first_question  a line to paste that asks something
    door       lets whoever comes from this machine in, and nobody whom another site sends

The web server of `opensink up` knows nothing of all this: what opens the doors is wrapped around
the application by `cli/dev_web.py`, the one program that does so. Started otherwise, with whatever
environment, OpenSink asks for a sign-in and a key.
"""
