"""Walk-forward that re-discovers: each fold finds, validates and selects on its training days alone, then is tested.

Everything a fold knows comes from days up to its last training day; only the history of volumes reaches back across the
boundary into the test, as it would live, and nothing reaches forward.
"""
