"""A paper day traded on hand-written bars, and what research makes of the same day, of the same bars or of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import Account, Grid
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.events import RiskDecision
from orb_pipeline.execution.history import bars_in_order
from orb_pipeline.execution.journal import frame_of
from orb_pipeline.execution.paper import PaperBar, PaperDay, trade_day
from orb_pipeline.execution.reconcile import Reconciliation, TradedDay, history_seen, reconcile
from orb_pipeline.market.ticks import to_prices
from orb_pipeline.market.trading_day import day_number, stamps_of
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.rules.bars import Bar
from orb_pipeline_tests.execution.days import GRID, backtest_of, history_of
from orb_pipeline_tests.execution.live import WIDE, account
from orb_pipeline_tests.execution.members import portfolio_of
from orb_pipeline_tests.series import CATALOGUE, DAY

Fault = Callable[[pd.DataFrame], pd.DataFrame]


def landed(bars: Sequence[Bar], symbol: str = "MGC", contract: str | None = None) -> pd.DataFrame:
    """Bars as rows of LANDED_BARS."""
    columns = np.array([tuple(bar) for bar in bars], dtype=np.int64).reshape(-1, 6).T
    tick = CATALOGUE.instrument(symbol).tick
    prices = {name: to_prices(columns[place], tick) for place, name in enumerate(("open", "high", "low", "close"), 1)}
    frame = pd.DataFrame({"ts_utc": stamps_of(columns[0]), **prices, "volume": columns[5]})
    return frame.assign(symbol=symbol, source_symbol=contract or symbol)


def traded_day(
    members: Sequence[PortfolioStrategy],
    seen: Mapping[str, Sequence[Bar]],
    *,
    day: int = DAY,
    of: Account | None = None,
    stopped: RiskDecision | None = None,
    late: Mapping[str, Iterable[int]] | None = None,
    waiver: str | None = None,
    grid: Grid = GRID,
    fault: Fault = lambda journal: journal,
) -> TradedDay:
    """The paper day of an account on the last day of `seen`.

    Args:
        of: by default an account whose limits nothing reaches.
        stopped: what every entry is refused with.
        fault: what goes wrong with its journal.
    """
    of = of or account(limits=WIDE)
    histories = {symbol: history_of(bars, symbol, grid) for symbol, bars in seen.items()}
    markets = {symbol: history.market_day(day) for symbol, history in histories.items() if history.has(day)}
    instruments = {symbol: CATALOGUE.instrument(symbol) for symbol in histories}
    start = AccountDay(of.equity, of.equity)
    paper = PaperDay.of(portfolio_of(members), of, instruments, day, markets, start)
    bars = [PaperBar(symbol, bar, 1) for symbol, bar in bars_in_order(histories, day)]
    journal = frame_of(trade_day(paper, bars, lambda _arrival: stopped, is_over=True).entries)
    return TradedDay(
        day=day,
        members=tuple(members),
        journal=fault(journal),
        seen=histories,
        late={symbol: frozenset(minutes) for symbol, minutes in (late or {}).items()},
        flat_by=paper.context.flat_by,
        waiver=waiver,
    )


def reconciled(
    members: Sequence[PortfolioStrategy], seen: Sequence[Bar], research: Sequence[Bar] | None = None, **paper: Any
) -> Reconciliation:
    """A day of MGC: traded on paper on `seen`, held against what research makes of its bars, by default the same."""
    traded = traded_day(members, {"MGC": seen}, **paper)
    return reconcile(traded, {"MGC": backtest_on(seen if research is None else research, traded.day)})


def backtest_on(bars: Sequence[Bar], day: int = DAY, symbol: str = "MGC") -> Backtest:
    """What research makes of one day, under all of the bars."""
    return backtest_of(history_of(bars, symbol, day=day))


def on_day(bars: Sequence[Bar], day: int = DAY) -> list[Bar]:
    return [bar for bar in bars if day_number(bar.minute) == day]


def seen_again(backtest: Backtest, bars: Sequence[Bar], day: int = DAY) -> Any:
    """The history that `history_seen` puts together of a backtest's earlier days and of `bars`."""
    return history_seen(backtest.history, day, landed(on_day(bars, day), backtest.instrument.symbol))
