"""Send through a process that is ended when its time is over."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from orb_pipeline.monitoring.notification.addresses import Addresses
from orb_pipeline.monitoring.notification.message import shortened
from orb_pipeline.monitoring.notification.spacing import Sending

_SENDER = "orb_pipeline.monitoring.notification.sender"
_REASON_LENGTH = 300


@dataclass(frozen=True)
class Outcome:
    """What became of a sending. `reason`: why it was not taken, free of secrets; None where it was."""

    sending: Sending
    reason: str | None

    @property
    def taken(self) -> bool:
        return self.reason is None


def send(sendings: Sequence[Sending], addresses: Addresses, limit_seconds: float) -> list[Outcome]:
    """Send all, each channel on its own; what has not been taken within the limit counts as not taken.

    Args:
        limit_seconds: for all of them together, the start of the process included.
    """
    outcomes = [Outcome(sending, _NO_ADDRESS) for sending in sendings if sending.channel not in addresses]
    sent = [sending for sending in sendings if sending.channel in addresses]
    if not sent:
        return outcomes
    reasons, otherwise = _ask_sender(sent, addresses, limit_seconds)
    for number, sending in enumerate(sent):
        reason = reasons.get(number, otherwise)
        clean = None if reason is None else shortened(addresses.without(reason), _REASON_LENGTH)
        outcomes.append(Outcome(sending, clean))
    return outcomes


def _ask_sender(
    sendings: Sequence[Sending], addresses: Addresses, limit_seconds: float
) -> tuple[dict[int, str | None], str]:
    """Number -> why not, as far as it got; and what is to be said of the others."""
    wanted = [
        {
            "number": number,
            "channel": sending.channel,
            "address": addresses.reveal(sending.channel),
            "title": sending.title,
            "body": sending.body,
            "severity": sending.severity,
        }
        for number, sending in enumerate(sendings)
    ]
    process = subprocess.Popen(  # noqa: S603 - our own module; secrets go through the pipe, where nobody sees them
        [sys.executable, "-P", "-m", _SENDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            told, _ = process.communicate(json.dumps(wanted), timeout=limit_seconds)
            otherwise = f"the sender ended with code {process.returncode}"
        except subprocess.TimeoutExpired:
            process.kill()
            told, _ = process.communicate()
            otherwise = f"no answer within {limit_seconds:g} s"
    answers = [json.loads(line) for line in told.splitlines(keepends=True) if line.endswith("\n")]
    return {answer["number"]: answer["reason"] for answer in answers}, otherwise


_NO_ADDRESS = "the channel has no address: name it in the environment or in secrets.yaml"
