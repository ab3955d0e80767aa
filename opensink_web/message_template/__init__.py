"""Templates of messages: Jinja2, of which only what cannot do harm is left.

    renderer  what a server calls: checks templates, and fills them in
    permits   who may have a process for that now
    host      the program that forks such processes, and what they do
    sandbox   what a template reaches while it is rendered: JSON values, and few functions of them
    language  what may stand in a template

Whoever may change an agent writes them, and the caller of a batch fills them in. The sandbox keeps
them from Python's objects; the limits of their process (isolation/) from the server's time and
memory. https://jinja.palletsprojects.com/en/stable/sandbox/
"""
