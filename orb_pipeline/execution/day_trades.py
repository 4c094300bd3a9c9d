"""One day's trades as values that compare exactly, whoever made them: the backtest, the engine or the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from orb_pipeline.execution.backtest import Backtest, backtest_trades
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.history import History, bars_in_order, context_of
from orb_pipeline.execution.risk import UnlimitedRisk
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy


class DayTrade(NamedTuple):
    """What is compared; the fields are backtest.VALUES. The exit is None while a trade is open."""

    entry_ts: dt.datetime
    entry_price: float
    stop_price: float
    target_price: float
    outcome: str | None
    exit_ts: dt.datetime | None
    exit_price: float | None
    pnl_r: float | None
    mae_r: float | None
    mfe_r: float | None

    @property
    def entry(self) -> tuple[object, ...]:
        return self.entry_ts, self.entry_price, self.stop_price

    def __str__(self) -> str:
        entered = f"in {_stamp(self.entry_ts)} at {self.entry_price:g}"
        if self.exit_ts is None:
            return f"{entered}, still open"
        return f"{entered}, {self.outcome} {_stamp(self.exit_ts)} at {self.exit_price:g}, {self.pnl_r:+.2f} R"


class JournalledEntry(NamedTuple):
    """A row of the journal: a trade, or an entry that a check refused, and then why.

    Attributes:
        entry: time, price and stop of the fill, as DayTrade.entry has them.
    """

    instrument: str
    trade: DayTrade | None
    check: str | None
    reason: str
    entry: tuple[object, ...]

    def __str__(self) -> str:
        time, price, _ = self.entry
        return str(self.trade) if self.trade else f"entry {_stamp(time)} at {price:g} refused"


Trades = Mapping[str, DayTrade]
"""Strategy -> its trade of the day, where it has one."""


def of_backtest(strategies: Sequence[PortfolioStrategy], backtests: Mapping[str, Backtest], day: int) -> Trades:
    """What research makes of `day` (days since the epoch)."""
    rows = _plain(backtest_trades(strategies, backtests, [day]))
    return {str(row["strategy_id"]): _trade_of(row) for row in rows}


def of_engine(
    strategies: Sequence[PortfolioStrategy], histories: Mapping[str, History], day: int, flat_by: int | None = None
) -> Trades:
    """What the engine makes of it without limits.

    Args:
        histories: by symbol, of every instrument of `strategies`.
        flat_by: minute by which everything is closed; None: at the end of the day.
    """
    instruments = {symbol: history.study.instrument for symbol, history in histories.items()}
    engine = ExecutionEngine(Portfolio("day", tuple(strategies), 1, -1.0, 1.0, 1.0), instruments, UnlimitedRisk())
    engine.on_trading_day_start(context_of(histories, day, AccountDay(0.0, 0.0), flat_by))
    for symbol, bar in bars_in_order(histories, day):
        engine.on_bar(symbol, bar)
    engine.on_trading_day_end()
    entered = (trade for trade in engine.get_finished_trades() if trade.entry is not None)
    return {trade.strategy_id: DayTrade(*(getattr(trade, name) for name in DayTrade._fields)) for trade in entered}


def of_journal(rows: pd.DataFrame) -> dict[str, JournalledEntry]:
    """The day's rows of `trade_journal`, by strategy."""
    return {
        str(row["strategy_id"]): JournalledEntry(
            instrument=str(row["instrument"]),
            trade=_trade_of(row) if row["risk_check_passed"] else None,
            check=row["risk_check"],
            reason=str(row["risk_check_reason"]),
            entry=(row["decided_ts"], row["decided_price"], row["stop_price"]),
        )
        for row in _plain(rows)
    }


def _trade_of(row: Mapping[str, Any]) -> DayTrade:
    return DayTrade(*(row[name] for name in DayTrade._fields))


def _plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as they say, NULL as None."""
    said = rows.astype(object).where(rows.notna(), None)
    return [dict(zip(map(str, said.columns), row, strict=True)) for row in said.itertuples(index=False, name=None)]


def _stamp(time: Any) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
