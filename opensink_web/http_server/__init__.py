"""The web server: HTTP/1.1 in front of a WSGI application, on one event loop and a pool of threads.

A thread is taken for a request that is there whole, and for nothing else. Reading, sending and
holding answers back cost a connection and a bounded buffer each, so that nobody who is slow, on
purpose or not, keeps others from being answered.

    server        accepts connections, looks for those that are overdue, ends in good order
    processes     several such servers on one socket
    connection    one connection, from its first byte to its last
    request       bytes -> whole requests; what is no request, or could be read two ways, is refused
    wsgi          a whole request -> the application -> a response, whole or piece by piece
    thread_pool   the threads, and how many of them one kind of work may have
    held          what an application says to have its answer held back
    limits        how much and how long

Nothing here knows Flask, the database or a route. The parser is llhttp, strict, by httptools.
"""
