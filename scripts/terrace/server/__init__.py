"""`terrace serve`: sealed bundles over HTTP, to programs in any language.

    contents.py     files of bundles, kept in memory by what they hold
    stand.py        one service in one environment, followed: the last bundle that was right
    shelf.py        all of them, and what is new among the folders
    slices.py       what one caller gets of one snapshot, and the tag that stands for it
    opened.py       secrets, for callers that may see them
    forms.py        values as JSON, YAML, properties or dotenv
    callers.py      tokens: who asks, and what they may
    listed.py       callers by certificates, and by tokens of OIDC providers; all kinds together
    caller_file.py  the file that lists them; claims.py, what a token's claims give
    bearer.py       tokens of providers: what is checked; provider.py, their keys
    oidc_sign_in.py signing in at a provider with a browser
    tls.py          certificates, the server's and its callers'
    problems.py     what goes wrong, as RFC 9457 has it
    api.py          the routes below /v1
    changes.py      callers that wait for a change
    events.py       long polls and streams
    health.py       /livez, /readyz, /configz and /metrics
    guard.py        limits, headers, request ids and the access log
    pages/          web pages of all this, for people
    app.py          puts it together

It reads bundles and nothing else of a repository. Every response is made from one snapshot, and whoever asks for one
tenant gets nothing from which another could be known: not a list, not a tag, not a length, not an error.
"""
