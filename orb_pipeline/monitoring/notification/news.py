"""What there is to tell, worked out from rows of the warehouse: the same rows give the same messages and keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orb_pipeline.catalogue import Notifications
from orb_pipeline.catalogue.notifications import Kind
from orb_pipeline.monitoring.notification.daily_summary import summary_text
from orb_pipeline.monitoring.notification.message import Message

Row = Mapping[str, Any]
SIMULATED = "SIMULATED"


def trades_told(journal: Iterable[Row], rules: Notifications) -> list[Message]:
    """Entries, exits and refused entries of rows of the paper journal, in the order in which they happened."""
    told: list[tuple[dt.datetime, Message]] = []
    for row in journal:
        decided = _entered if row["risk_check_passed"] else _refused
        told.append((row["decided_ts"], decided(row, rules)))
        if row["exit_ts"] is not None:
            told.append((row["exit_ts"], _exited(row, rules)))
    return [message for _, message in sorted(told, key=lambda item: item[0])]


def signals_told(signals: Iterable[Row], rules: Notifications) -> list[Message]:
    """What a person who places the orders is to do."""
    return [
        Message(
            key=f"signal:{row['signal_id']}",
            kind=Kind.SIGNAL,
            severity=rules.severities[Kind.SIGNAL],
            title=f"Signal: {row['account']}",
            body=str(row["message"]),
            account=row["account"],
            trading_day=row["trading_day"],
        )
        for row in signals
    ]


def alerts_told(alerts: Iterable[Row]) -> list[Message]:
    """Alerts as they were raised, once more where they have become graver or opened again, and that they are over."""
    messages = []
    for row in alerts:
        name = f"alert:{row['condition']}:{row['occurrence']}"
        opened_again = "" if row["escalated_at"] is None else f":{row['escalated_at'].astimezone(dt.UTC).isoformat()}"
        key, title = f"{name}:{row['severity']}{opened_again}", f"{row['severity']}: {row['alert']}"
        messages.append(_alert(row, key, title, str(row["message"])))
        if row["resolved_at"] is not None:
            over = f"Over since {stamp(row['resolved_at'])}. It was: {row['message']}"
            messages.append(_alert(row, f"{name}:resolved", f"Over: {row['alert']}", over))
    return messages


def events_told(events: Iterable[Row], rules: Notifications) -> list[Message]:
    """Halts, blocks, limits, rolls and whatever else stands in `trading_events`."""
    return [_event(row, rules) for row in events]


def summaries_told(days: Iterable[Row], journal: Sequence[Row], rules: Notifications) -> list[Message]:
    """A summary of each paper day that is finished.

    Args:
        journal: rows of the paper journal, at least those of these days.
    """
    messages = []
    for day in days:
        account, trading_day = day["account"], day["trading_day"]
        of_day = [row for row in journal if row["account"] == account and row["trading_day"] == trading_day]
        messages.append(
            Message(
                key=f"daily_summary:{account}:{trading_day}",
                kind=Kind.DAILY_SUMMARY,
                severity=rules.severities[Kind.DAILY_SUMMARY],
                title=_marked(f"{account} on {trading_day}: {_result(of_day)}", day),
                body=summary_text(day, of_day),
                account=account,
                trading_day=trading_day,
            )
        )
    return messages


def stamp(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _entered(row: Row, rules: Notifications) -> Message:
    target = "" if row["target_price"] is None else f", target {row['target_price']:.10g}"
    body = f"At {row['entry_price']:.10g}, stop {row['stop_price']:.10g}{target}; {stamp(row['entry_ts'])}."
    return _trade(row, Kind.ENTRY, f"Entry: {_what(row)}", body, rules)


def _exited(row: Row, rules: Notifications) -> Message:
    title = f"{str(row['outcome']).capitalize()} {row['pnl_r']:+.2f} R: {_what(row)}"
    body = (
        f"Out at {row['exit_price']:.10g} ({row['exit_reason']}), {row['pnl_dollars']:+,.2f} dollars; "
        f"{stamp(row['exit_ts'])}."
    )
    return _trade(row, Kind.EXIT, title, body, rules)


def _refused(row: Row, rules: Notifications) -> Message:
    title = f"Refused by {row['risk_check']}: {_what(row)}"
    body = f"At {row['decided_price']:.10g}: {row['risk_check_reason']}; {stamp(row['decided_ts'])}."
    return _trade(row, Kind.REJECTION, title, body, rules)


def _trade(row: Row, kind: Kind, title: str, body: str, rules: Notifications) -> Message:
    return Message(
        key=f"{kind}:{row['account']}:{row['trading_day']}:{row['strategy_id']}",
        kind=kind,
        severity=rules.severities[kind],
        title=_marked(title, row),
        body=body,
        account=row["account"],
        trading_day=row["trading_day"],
    )


def _alert(row: Row, key: str, title: str, body: str) -> Message:
    return Message(
        key=key,
        kind=Kind.ALERT,
        severity=row["severity"],
        title=title,
        body=body,
        account=row["account"],
        trading_day=row["trading_day"],
    )


def _event(row: Row, rules: Notifications) -> Message:
    event = str(row["event"])
    kind = Kind(event) if event in set(Kind) - {Kind.ALERT} else Kind.EVENT
    about = row["account"] or row["instrument"] or "all accounts"
    return Message(
        key=f"event:{row['source']}",
        kind=kind,
        severity=rules.severities[kind],
        title=f"{event.replace('_', ' ').capitalize()}: {about}",
        body=f"{row['reason']}; {stamp(row['event_ts'])}.",
        account=row["account"],
        trading_day=row["trading_day"],
    )


def _what(row: Row) -> str:
    return f"{row['strategy_id']} {row['direction']} {row['contracts']} ({row['account']})"


def _result(journal: Sequence[Row]) -> str:
    trades = sum(bool(row["risk_check_passed"]) for row in journal)
    result = sum(row["pnl_r"] or 0.0 for row in journal)
    return f"{result:+.2f} R in {trades} trades" if trades else "no trade"


def _marked(title: str, row: Row) -> str:
    return f"{SIMULATED} {title}" if row["simulated"] else title
