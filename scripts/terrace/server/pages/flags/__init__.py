"""Pages of flags: what each one is in each environment, who gets what, how much it is asked for, and its changes.

    known.py        what is known of flags: of the releases that are served, and of the repository where one is followed
    cells.py        what a flag is in an environment, in a word
    dates.py        ages and ends, in words; outlived.py, why a flag may have had its day
    traffic.py      how often each variant was given; charts.py, that as a drawing
    told.py         what the process that follows the repository tells; repository.py, how it is asked
    subjects.py     what a form says about somebody, and what they and every tenant get
    listing.py      /flags
    one.py          /flags/<key>
    changing.py     /change-flag: asked, confirmed, refused, and what somebody else changed meanwhile

A caller for some tenants sees what these get, and nothing that is written for others: no rules, no history, no totals.
"""
