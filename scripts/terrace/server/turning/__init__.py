"""The process that turns commits, or edits, into releases: `terrace serve --repo DIR --follow REF|worktree`.

    wanted.py       what is followed, for which environments, and whether that may be
    notices.py      what wakes it: events of the file system, and looks, for events can be lost
    edits.py        the state of a work tree
    commits.py      the state of a branch
    turn.py         from one state to releases, as `terrace deploy` makes them
    said.py         what is told about it: a file that those who serve read
    loop.py         the process

It is the one part of the server that reaches the repository, Git and deployment, and it runs in a process of its own:
those that serve never wait for a build, never run a contract's Python, and outlive it.
"""
