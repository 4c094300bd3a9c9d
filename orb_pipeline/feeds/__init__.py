"""Feeds: they bring minute bars into `landing/<instrument>/`. One more feed is one more `<name>_feed.py` here."""
