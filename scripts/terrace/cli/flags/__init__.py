"""Feature flags: what they are for whom, who owns them, and which have had their day.

Flags stand in `flags/`, and reach applications as a stream of their own.
"""
