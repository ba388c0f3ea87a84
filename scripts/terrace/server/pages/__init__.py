"""Web pages for people: what is served, where each value was set, what differs and what changed.

    door.py         who signed in with a token in a browser is a caller like any other
    sessions.py     the cookie of a session, and the tokens of forms
    signing.py      /sign-in and /sign-out
    posted.py       the fields of a form, and whether it is from a page of ours
    site.py         the routes, and what goes wrong, as pages
    drawing.py      templates, links, and how a value, a digest and an age are written
    reach.py        what a caller reaches of what is served
    rows.py         values of a slice as rows: what is hidden, and where each was set
    overview.py     / , an environment, tenants
    effective.py    the effective config of a target
    comparing.py    two targets side by side
    released.py     the releases of an environment
    between.py      what changed from one release to another
    standing.py     /health: what is served, what was refused, and drift
    flags/          /flags, one flag, and changing it
    lists.py        long lists: searched, and page by page

A page is made by the server alone, from one snapshot, for one caller: it holds nothing that the routes below /v1 would
not give that caller. Secrets are never on a page, whatever the token may see. Only flags are changed by one, and that
is asked of the process that follows the repository.
"""
