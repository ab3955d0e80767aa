"""`opensink up` as one process tree: the embedded server for Redis, web, workers and sweeper.

    checks          what must be right before anything starts, each fault in one sentence
    embedded_redis  how the embedded server is started, and asked whether it is ready
    process_tree    starts children, starts them again when they end, and stops them in order
    child           one child of the tree: its process group, and when to start it again
    watchdog        a small process that ends the children if the tree's own process is killed
    stop_request    remembers that SIGTERM, SIGINT or SIGHUP came

Nothing here knows Flask or the tables: which commands the children run is the caller's affair.
"""
