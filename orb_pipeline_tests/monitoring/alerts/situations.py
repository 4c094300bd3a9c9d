"""Facts to ask alerts with: a quiet home, and what to change in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import AlertRules, load_catalogue
from orb_pipeline.market.calendars import open_minutes
from orb_pipeline.market.trading_day import day_open, number_of
from orb_pipeline.monitoring.alerts import ALERTS, Alert, Facts, Feed, Member

GOLD = "CMEGlobex_GC"
TODAY = dt.date(2024, 11, 21)  # a Thursday
NOW = dt.datetime(2024, 11, 21, 15, 30, tzinfo=dt.UTC)
STRATEGY = "MGC_0900_E1_RR2.0_CB1_NO_FILTER"
WIN, LOSS = 2.0, -1.0

RULES: AlertRules = load_catalogue().monitoring.alerts


def member(**changes: Any) -> Member:
    """One that wins 2 R in half its trades."""
    whole = Member(
        account="25k",
        strategy_id=STRATEGY,
        instrument="MGC",
        orb_label="0900",
        win_rate=0.5,
        expectancy_r=0.5,
        since=TODAY - dt.timedelta(days=200),
    )
    return replace(whole, **changes)


def trades(results: Sequence[float], last_day: dt.date = TODAY, **columns: Any) -> pd.DataFrame:
    """A trade a day, the last one on `last_day`; one without a result is open."""
    days = [last_day - dt.timedelta(days=back) for back in reversed(range(len(results)))]
    opened = [pd.Timestamp(day, tz="UTC") + pd.Timedelta(hours=1) for day in days]
    over = [
        pd.NaT if np.isnan(result) else at + pd.Timedelta(hours=2) for at, result in zip(opened, results, strict=True)
    ]
    frame = pd.DataFrame(
        {
            "mode": "paper",
            "account": "25k",
            "trading_day": days,
            "instrument": "MGC",
            "strategy_id": STRATEGY,
            "entry_ts": pd.Series(opened, dtype="datetime64[us, UTC]"),
            "exit_ts": pd.Series(over, dtype="datetime64[us, UTC]"),
            "pnl_r": np.array(results, dtype="float64"),
        }
    )
    return frame.assign(**columns)


def trades_of_today(results: Sequence[float], **columns: Any) -> pd.DataFrame:
    return trades(results).assign(trading_day=TODAY, **columns)


def winning(wins: int, losses: int) -> list[float]:
    """Wins and losses spread evenly, the last one a win."""
    places = np.floor(np.arange(wins + losses) * wins / (wins + losses)).astype(int)
    is_win = np.diff(places, append=wins) > 0
    return [WIN if won else LOSS for won in is_win]


def ranges(usual: float, latest: float, *, before: int = 200, days: int = 30) -> pd.DataFrame:
    """`before` ranges of one size and `days` of another."""
    sizes = [usual] * before + [latest] * days
    dates = pd.date_range(end=TODAY, periods=len(sizes), freq="D")
    return pd.DataFrame({"symbol": "MGC", "orb_label": "0900", "trading_day": dates, "orb_size": sizes})


def days(
    *short: tuple[dt.date, int | None],
    symbol: str = "MGC",
    until: dt.date = TODAY,
    weeks: int = 12,
    share: float = 0.98,
) -> pd.DataFrame:
    """Weekdays with a bar in most minutes that the exchange is open; `short` ones end after so many bars.

    A day of which the number is None has a full day's bars, whatever the calendar says; one with 0 has no row.
    """
    changed = dict(short)
    rows = []
    for back in reversed(range(7 * weeks)):
        day = until - dt.timedelta(days=back)
        opened = open_minutes(GOLD, number_of(day))
        if day in changed and changed[day] is None:
            opened = 1380
        bars = int(opened * share) if changed.get(day) is None else int(changed[day] or 0)
        if day.weekday() < 5 and bars:
            first = pd.Timestamp(int(day_open(number_of(day))) * 60, unit="s", tz="UTC")
            rows.append((symbol, day, bars, first, first + pd.Timedelta(minutes=int(bars / share))))
    frame = pd.DataFrame(rows, columns=["symbol", "trading_day", "bar_count", "first_ts", "last_ts"])
    return frame.astype({"first_ts": "datetime64[us, UTC]", "last_ts": "datetime64[us, UTC]"})


def quiet(**changes: Any) -> Facts:
    """A strategy that does what its backtest did, with a working feed, on a market as it was."""
    whole = Facts(
        rules=RULES,
        trades=trades(winning(50, 50)),
        members=(member(),),
        backtest={("25k", STRATEGY): np.array(winning(200, 200))},
        ranges=ranges(4.0, 4.4),
        days=days(),
        calendars={"MGC": GOLD},
        feeds=(Feed(instrument="MGC", calendar=GOLD, newest=NOW - dt.timedelta(minutes=2), is_traded=True),),
        runs=(),
    )
    return replace(whole, **changes)


def asked(alert: str, facts: Facts, now: dt.datetime = NOW) -> list[Alert]:
    """What one alert answers."""
    return dict(ALERTS)[alert](facts, now)


def rule(name: str, **changes: Any) -> AlertRules:
    """The rules with one of them changed."""
    return RULES.model_copy(update={name: getattr(RULES, name).model_copy(update=changes)})
