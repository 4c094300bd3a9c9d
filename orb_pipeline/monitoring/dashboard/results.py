"""What panels show: rows of queries, each with the query that gives them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from orb_pipeline.catalogue import Account


@dataclass(frozen=True)
class Scope:
    """What the page is about.

    Attributes:
        day: the trading day shown as today's: the latest on paper, else the latest of the replay; None: there is none.
        mode: of the journal, `paper` once the account has traded on paper, else `replay`.
        made_at: aware.
        entries: as many trades have a page of their own within the page.
        regime_days: as many days' ranges are another regime where their median is above `regime_times` the one before.
    """

    account: Account
    day: dt.date | None
    mode: str
    made_at: dt.datetime
    entries: int = 60
    regime_days: int = 30
    regime_times: float = 2.0

    def filled(self, query: str) -> str:
        """`query` with values of this scope for what stands in braces, such as {account} and {day}."""
        values = {
            "account": f"'{self.account.account}'",
            "mode": f"'{self.mode}'",
            "day": f"date '{self.day}'" if self.day else "null::date",
            "today": f"date '{self.made_at.astimezone(dt.UTC).date()}'",
            "equity": f"{self.account.equity!r}::double",
            "entries": str(self.entries),
            "regime_days": str(self.regime_days),
            "days_before": str(self.regime_days - 1),
        }
        for name, value in values.items():
            query = query.replace(f"{{{name}}}", value)
        return query.strip()


@dataclass(frozen=True)
class Result:
    """Rows and where they come from: a query for `orb sql`, or another command."""

    name: str
    query: str
    frame: pd.DataFrame
    is_sql: bool = True

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """Rows as dictionaries; NULL, not-a-number and not-a-time are None."""
        return [
            {str(name): None if _is_missing(value) else value for name, value in row.items()}
            for row in self.frame.to_dict("records")
        ]

    def where(self, **values: object) -> list[int]:
        """Numbers of the rows that have these values."""
        return [
            number
            for number, row in enumerate(self.records)
            if all(row[column] == value for column, value in values.items())
        ]


@dataclass(frozen=True)
class DashboardData:
    """Everything the page shows.

    Attributes:
        results: by the name that a panel gave its query.
        simulated: instruments with simulated bars.
        trades: pages of single trades, the latest first.
        pages_elsewhere: what leads to the page of any other trade, once its key is added; None: a command writes it.
    """

    scope: Scope
    results: Mapping[str, Result]
    simulated: tuple[str, ...] = ()
    trades: tuple[TradeData, ...] = ()
    pages_elsewhere: str | None = None

    def __getitem__(self, name: str) -> Result:
        return self.results[name]

    @cached_property
    def embedded(self) -> frozenset[str]:
        """Keys of trades that have their page within this one."""
        return frozenset(trade.key for trade in self.trades)


@dataclass(frozen=True)
class TradeData:
    """One journalled trade, or refused entry, with all that it came from.

    Attributes:
        journal: its row; outcome: of orb_outcomes; feature: the range, of daily_features; bars: the day's minutes,
            columns ts_utc, open, high, low, close; files: landed files that hold them. Each with its query.
        tick: in points.
    """

    journal: Result
    outcome: Result
    feature: Result
    bars: Result
    files: Result
    tick: float

    @cached_property
    def row(self) -> dict[str, Any]:
        return self.journal.records[0]

    @property
    def key(self) -> str:
        return trade_key(self.row)


def trade_key(row: Mapping[str, Any]) -> str:
    """`account/mode/day/strategy` of a journal row."""
    return f"{row['account']}/{row['mode']}/{row['trading_day']:%Y-%m-%d}/{row['strategy_id']}"


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)
