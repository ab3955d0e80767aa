"""Python functions: found by entry point, each call carried out in a process of its own.

    runner        PythonRunner: what a worker calls, from many threads at once
    host          one process for each entry point: has imported it, and forks for every call
    call          one call as its host sees it: its process, its time, what it says
    child         what the forked process does: limits, the function, its output
    entry_points  which functions the installed packages advertise

How worker and host speak, and how a process is limited, stands in isolation/.

A function can crash, hang, fork, or eat memory: its call alone fails. That is no prison: a function
is code that the operator has installed, and runs with the rights of the worker's user.

A host is started afresh, not forked from the worker, so that it has nothing of the worker's memory
and sockets. It has one thread, and ends with the worker, whatever ends that: it sees the end of
their socket, and the kernel kills a call's process when its host dies.
"""
