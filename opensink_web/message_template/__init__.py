"""Templates of messages: Jinja2, of which only what cannot do harm or take long is left.

    language  what may stand in a template; where what it does is counted
    sandbox   what a template reaches while it is rendered: JSON values, and few functions of them

Whoever may change an agent writes them, and the caller of a batch fills them in. Neither reaches
Python's objects, nor more than a moment of the server's time. Pure.
https://jinja.palletsprojects.com/en/stable/sandbox/
"""
