"""Journals written by hand: what a row says, with what does not matter filled in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Any

import pandas as pd

from orb_pipeline.execution.journal import JournalEntry, frame_of
from orb_pipeline.market.trading_day import date_of, day_open
from orb_pipeline_tests.series import DAY

CREATED = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
PRICE = 2000.0


def at(minute: int, day: int = 0) -> dt.datetime:
    """A minute of a trading day, counted from its opening; `day` counts from the first one of these tests."""
    return dt.datetime.fromtimestamp((int(day_open(DAY + day)) + minute) * 60, dt.UTC)


@dataclass
class Journal:
    """Rows as they are written down, each a strategy of its own unless it is named."""

    rows: list[JournalEntry] = field(default_factory=list)
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def trade(
        self,
        entered: int,
        exited: int,
        *,
        day: int = 0,
        model: str = "E2",
        outcome: str = "win",
        r: float = 0.0,
        dollars: float = 0.0,
        risk: float = 1.0,
        **rest: Any,
    ) -> Journal:
        """A trade from one minute of the day to another one, its stop `risk` points away."""
        facts = {
            "entry_model": model,
            "entry_ts": at(entered, day),
            "entry_price": PRICE,
            "stop_price": PRICE - risk,
            "target_price": PRICE + 2 * risk,
            "exit_ts": at(exited, day),
            "exit_price": PRICE,
            "outcome": outcome,
            "exit_reason": {"win": "target_hit", "loss": "stop_hit", "scratch": "session_end"}[outcome],
            "pnl_r": r,
            "pnl_dollars": dollars,
            "mae_r": 0.0,
            "mfe_r": 0.0,
        }
        return self._add(entered, day, facts | rest)

    def refused(self, decided: int, *, day: int = 0, check: str = "max_daily_trades", **rest: Any) -> Journal:
        """An entry that the risk manager refused."""
        facts = {
            "risk_check_passed": False,
            "risk_check": check,
            "risk_check_value": 15.0,
            "risk_check_limit": 15.0,
            "risk_check_reason": "15 entries today, at most 15",
        }
        return self._add(decided, day, facts | rest)

    def frame(self) -> pd.DataFrame:
        """As `trade_journal` returns them, in order of day and strategy."""
        rows = frame_of(self.rows).assign(
            journal_id=range(1, len(self.rows) + 1),
            mode="replay",
            simulated=False,
            run_id="a run",
            created_at=pd.Timestamp(CREATED).as_unit("us"),
        )
        rows["trading_day"] = pd.to_datetime(rows["trading_day"])
        return rows.sort_values(["trading_day", "strategy_id"], ignore_index=True)

    def _add(self, minute: int, day: int, facts: dict[str, Any]) -> Journal:
        number = next(iter(self._numbers))
        defaults: dict[str, Any] = dict.fromkeys(item.name for item in fields(JournalEntry)) | {
            "account": "25k",
            "trading_day": date_of(DAY + day),
            "instrument": "MGC",
            "orb_label": f"session {number}",
            "strategy_id": f"S{number:02d}",
            "entry_model": "E2",
            "direction": "long",
            "contracts": 1,
            "decided_ts": at(minute, day),
            "decided_price": PRICE,
            "stop_price": PRICE - 1,
            "risk_check_passed": True,
            "risk_check_reason": "all checks hold",
        }
        self.rows.append(JournalEntry(**(defaults | facts)))
        return self
