"""Phases 6b to 6d: a bar-by-bar engine behind a risk manager, and the replay of landed bars through both.

Pure: bars and what was known before the day go in, events and finished trades come out. The engine shares tick
arithmetic, costs, session windows and filters with the research kernel, but none of its loops: two independent readings
of RULES.md that `parity` holds together.
"""
