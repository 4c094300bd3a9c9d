"""The process that sends: reads what to send from its input, tells what became of it line by line, and ends.

It is a process of its own, so that a channel that hangs can be ended, and so that no log of apprise is ever ours.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections import defaultdict
from typing import Any

import apprise

_TYPES = {
    "INFO": apprise.NotifyType.INFO,
    "WARNING": apprise.NotifyType.WARNING,
    "CRITICAL": apprise.NotifyType.FAILURE,
}
_NOT_UNDERSTOOD = "its address is none that apprise understands"


class _Heard(logging.Handler):
    """What apprise complains of, by thread: each channel has one of its own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: dict[int | None, list[str]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines[record.thread].append(record.getMessage())


def main() -> None:
    """Send each channel's messages in order, all channels at once."""
    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    logger.propagate = False
    by_channel: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for sending in json.load(sys.stdin):
        by_channel[sending["channel"]].append(sending)
    writing = threading.Lock()
    threads = [
        threading.Thread(target=_serve, args=(sendings, heard, writing), daemon=True)
        for sendings in by_channel.values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _serve(sendings: list[dict[str, Any]], heard: _Heard, writing: threading.Lock) -> None:
    for sending in sendings:
        reason = _send(sending, heard)
        with writing:
            sys.stdout.write(json.dumps({"number": sending["number"], "reason": reason}) + "\n")
            sys.stdout.flush()


def _send(sending: dict[str, Any], heard: _Heard) -> str | None:
    """None where it was taken, else why not; not yet free of secrets."""
    lines = heard.lines[threading.get_ident()]
    lines.clear()
    try:
        service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="orb", storage_mode="memory"))
        if not service.add(sending["address"]):
            return _NOT_UNDERSTOOD
        taken = service.notify(
            title=sending["title"],
            body=sending["body"],
            notify_type=_TYPES[sending["severity"]],
            body_format=apprise.NotifyFormat.TEXT,
        )
    except Exception as error:  # noqa: BLE001 - of whatever service; told, and tried again
        return f"{type(error).__name__}: {error}"
    return None if taken else " ".join(lines) or "the service did not take it"


if __name__ == "__main__":
    main()
