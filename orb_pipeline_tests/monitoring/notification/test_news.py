"""What there is to tell follows from rows alone, and the same news has the same key for ever."""

from __future__ import annotations

import datetime as dt

import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.monitoring.notification.news import (
    alerts_told,
    events_told,
    signals_told,
    summaries_told,
    trades_told,
)
from orb_pipeline_tests.monitoring.notification.rows import DAY, NOW, REFUSED, STRATEGY, WON, journal_row

RULES = load_catalogue().notifications
ALERT = {
    "condition": "drawdown:25k",
    "occurrence": 1,
    "alert": "drawdown",
    "severity": "WARNING",
    "message": "the account fell",
    "account": "25k",
    "trading_day": DAY,
    "resolved_at": None,
    "escalated_at": None,
}
EVENT = {
    "event": "halt",
    "account": None,
    "instrument": None,
    "trading_day": None,
    "reason": "news at 14:00",
    "event_ts": NOW,
    "source": "tape:7",
}
FINISHED = {
    "account": "25k",
    "trading_day": DAY,
    "equity": 25_000.0,
    "simulated": False,
    "finished_at": NOW,
    "member_count": 9,
}


def test_an_open_trade_is_an_entry_with_all_that_an_order_needs() -> None:
    (entry,) = trades_told([journal_row()], RULES)
    assert (entry.key, entry.severity) == (f"entry:25k:{DAY}:{STRATEGY}", "INFO")
    assert entry.title == f"Entry: {STRATEGY} long 2 (25k)"
    assert entry.body == "At 2400.1, stop 2396, target 2408.3; 2026-03-04 05:06 UTC."


def test_a_closed_trade_tells_its_entry_and_its_result() -> None:
    entry, exited = trades_told([journal_row(**WON)], RULES)
    assert entry == trades_told([journal_row()], RULES)[0]
    assert exited.title == f"Win +1.90 R: {STRATEGY} long 2 (25k)"
    assert exited.body == "Out at 2408.3 (target_hit), +147.20 dollars; 2026-03-04 05:15 UTC."


def test_a_refused_entry_names_the_check_and_its_reason() -> None:
    (refused,) = trades_told([journal_row(**REFUSED)], RULES)
    assert refused.kind == "rejection"
    assert refused.title.startswith("Refused by max_daily_trades: ")
    assert "15 entries today, at most 15" in refused.body


def test_what_is_simulated_says_so() -> None:
    (entry,) = trades_told([journal_row(simulated=True)], RULES)
    (summary,) = summaries_told([FINISHED | {"simulated": True}], [], RULES)
    assert entry.title.startswith("SIMULATED ")
    assert summary.title.startswith("SIMULATED ")


def test_an_alert_is_told_when_raised_when_graver_and_when_over() -> None:
    (raised,) = alerts_told([ALERT])
    (graver,) = alerts_told([ALERT | {"severity": "CRITICAL"}])
    again, over = alerts_told([ALERT | {"resolved_at": NOW}])
    assert again == raised
    assert len({raised.key, graver.key, over.key}) == 3
    assert (raised.title, raised.body) == ("WARNING: drawdown", "the account fell")
    assert over.title == "Over: drawdown"
    assert over.severity == "WARNING"


def test_an_alert_that_was_opened_again_is_news_each_time() -> None:
    reopened = [alerts_told([ALERT | {"escalated_at": NOW + dt.timedelta(hours=hours)}])[0] for hours in (0, 0, 1)]
    assert reopened[0] == reopened[1]
    assert len({message.key for message in [*alerts_told([ALERT]), *reopened]}) == 3


def test_a_condition_that_comes_about_anew_is_news() -> None:
    first, second = alerts_told([ALERT, ALERT | {"occurrence": 2}])
    assert first.key != second.key


@pytest.mark.parametrize(
    ("event", "kind", "severity"),
    [("halt", "halt", "WARNING"), ("account_lost", "account_lost", "CRITICAL"), ("something new", "event", "INFO")],
)
def test_events_are_as_grave_as_the_catalogue_says(event: str, kind: str, severity: str) -> None:
    (message,) = events_told([EVENT | {"event": event}], RULES)
    assert (message.kind, message.severity, message.key) == (kind, severity, "event:tape:7")
    assert "news at 14:00" in message.body


def test_an_order_that_a_person_is_to_place_is_told_as_it_was_said() -> None:
    row = {"signal_id": 7, "account": "25k", "trading_day": DAY, "message": "Buy 2 MGCZ25 at the market"}
    (signal,) = signals_told([row], RULES)
    assert (signal.key, signal.kind, signal.severity) == ("signal:7", "signal", "WARNING")
    assert signal.body == "Buy 2 MGCZ25 at the market"


def test_a_finished_day_is_summed_up() -> None:
    lost = journal_row(strategy_id="B", **WON | {"outcome": "loss", "pnl_r": -1.0, "pnl_dollars": -90.0})
    refused = journal_row(strategy_id="C", **REFUSED)
    elsewhere = journal_row(account="50k", **WON)
    (summary,) = summaries_told([FINISHED], [journal_row(**WON), lost, refused, elsewhere], RULES)
    assert summary.key == f"daily_summary:25k:{DAY}"
    assert summary.title == f"25k on {DAY}: +0.90 R in 2 trades"
    assert summary.body.splitlines() == [
        "Trades: 2 (1 won, 1 lost, 0 scratched)",
        "Result: +0.90 R, +57.20 dollars",
        "Equity: 25,057.20 dollars",
        "Refused: 1 by max_daily_trades",
        "-1.00 R  B",
        f"+1.90 R  {STRATEGY}",
    ]


def test_a_day_without_trades_is_told_too() -> None:
    (summary,) = summaries_told([FINISHED], [], RULES)
    assert summary.title == f"25k on {DAY}: no trade"


def test_a_day_on_which_nothing_might_be_traded_is_told_too() -> None:
    (summary,) = summaries_told([FINISHED | {"member_count": 0}], [], RULES)
    assert "Nothing might be traded all day" in summary.body


def test_times_are_told_in_utc() -> None:
    brisbane = NOW.astimezone(dt.timezone(dt.timedelta(hours=10)))
    assert trades_told([journal_row(entry_ts=brisbane)], RULES) == trades_told([journal_row()], RULES)
