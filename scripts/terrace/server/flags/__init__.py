"""Flags over HTTP: to OpenFeature's OFREP providers, and to flagd.

served.py       the flags of one release, with answers that are ready
moments.py      when they change though nobody changes them
who.py          which environment a request is of, and whose tenant counts
ofrep.py        the routes of OFREP, with their own way in: lean, and with the guard's limits
known.py        who asks, remembered for a moment
reloading.py    newer flags, for a client that heard of them in another worker
said.py         responses, and what other origins may see of them
bulk.py         all flags at once
events.py       a stream that tells when to ask again; tickets.py, who may listen to it
totals.py       the access log of evaluations, added up
sync.py         the definition, for flagd
described.py    what OpenAPI says of OFREP
"""
