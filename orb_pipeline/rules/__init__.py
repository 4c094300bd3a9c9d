"""RULES.md in code, one trade at a time: the slow, obvious reading that the fast kernel must equal.

Prices are whole ticks and a bar is a `Bar`; a day's bars are a sequence in order of time. Nothing here knows tables.
"""
