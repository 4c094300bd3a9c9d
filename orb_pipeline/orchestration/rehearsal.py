"""Rehearsals: an account's portfolio and replay worked out anew, from gated tables, writing nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from orb_pipeline.catalogue import Account, FoldRules
from orb_pipeline.errors import GateFailedError, InputError, OrbError
from orb_pipeline.execution.account_run import AccountRun, run_account
from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.history import days_of
from orb_pipeline.execution.parity import Parity, compare
from orb_pipeline.execution.replay import Span
from orb_pipeline.execution.sample import with_sample
from orb_pipeline.market.trading_day import date_of
from orb_pipeline.orchestration.bench import AccountBench
from orb_pipeline.orchestration.gates.overfitting import in_words
from orb_pipeline.orchestration.holding import Holding, nothing_holds
from orb_pipeline.orchestration.selecting import Chosen, select_portfolio
from orb_pipeline.orchestration.trading import BACKTEST, backtest_of, portfolio_of
from orb_pipeline.orchestration.walking import Walk, walk
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.portfolio.model import Portfolio

Progress = Callable[[str, int, int], None]  # what, days done, of how many


class RehearsedPortfolio(NamedTuple):
    """An account's portfolio as it would be built now.

    `is_built`: the stored portfolio has the same members on the same terms.
    """

    chosen: Chosen
    holding: Holding
    simulated: bool
    is_built: bool


class Rehearsal:
    """What can be tried of one account without writing anything."""

    def __init__(self, workshop: Workshop, account: Account) -> None:
        self.account = account
        self._workshop = workshop
        self._bench = AccountBench(workshop, "replay_results", account.account, "rehearsal")

    @property
    def simulated(self) -> bool:
        """Whether anything that was read is simulated."""
        return self._bench.simulated

    def portfolio(self) -> RehearsedPortfolio:
        """Select anew from the setups of the instruments whose research holds.

        Raises:
            GateFailedError: there is no such instrument; says why of each.
        """
        holding = self._bench.holding()
        if not holding.symbols:
            raise GateFailedError(nothing_holds(self.account.account, holding))
        catalogue = self._workshop.catalogue
        chosen = select_portfolio(catalogue, self.account, holding.symbols, self._bench.read_instrument)
        stored = portfolio_of(self.account, self._workshop.table("portfolio", self.account.account).pandas())
        return RehearsedPortfolio(chosen, holding, self.simulated, stored == chosen.portfolio)

    def evidence(self, symbols: Sequence[str]) -> dict[str, str]:
        """What choosing among so many strategies is worth, in words, by instrument."""
        tables = {symbol: self._workshop.table("research_evidence", symbol).pandas() for symbol in symbols}
        return {symbol: in_words(table.iloc[0].to_dict()) for symbol, table in tables.items()}

    def backtests(self, symbols: Sequence[str]) -> dict[str, Backtest]:
        """Bars and outcomes of these instruments, under the promise that their gates hold."""
        for symbol in symbols:
            self._bench.read_instrument(symbol, *BACKTEST, "experimental_strategies")
        return {symbol: backtest_of(symbol, self._bench.tables, self._bench.study) for symbol in symbols}

    def walkable(self, symbols: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        """Instruments whose bars and outcomes may be built upon, and why not of the others.

        Args:
            symbols: default every one that has outcomes. Setups are not asked for: each fold finds its own.

        Raises:
            MissingDataError, GateFailedError, InputError: one that was named may not be.
        """
        if symbols:
            self.backtests(symbols)
            return list(symbols), {}
        holding, refused = [], {}
        for symbol in self._workshop.lake.scopes("orb_outcomes"):
            try:
                self._bench.read_instrument(symbol, *BACKTEST)
                holding.append(symbol)
            except OrbError as error:
                refused[symbol] = str(error)
        return holding, refused

    def walk_forward(self, symbols: Sequence[str], rules: FoldRules, progress: Progress) -> Walk:
        """Fold by fold, see walk_forward.run; raises what that does."""
        tables, study = self._bench.tables, self._bench.study
        return walk(self._workshop.catalogue, self.account, symbols, tables, study, progress, rules)

    def parity(
        self, portfolio: Portfolio | None, backtests: dict[str, Backtest], sample: int, days: Span, progress: Progress
    ) -> Parity:
        """The engine without limits against the backtest: the portfolio, and `sample` strategies of each instrument.

        Raises:
            InputError: no trading day lies in the span; says which there are.
        """
        _refuse_an_empty_span(backtests, days)
        grids = [self._bench.tables[f"experimental_strategies:{symbol}"].pandas() for symbol in backtests]
        members = with_sample(portfolio.strategies if portfolio else (), grids, sample)
        return compare(members, backtests, days=days, on_day=lambda done, of: progress("parity", done, of))

    def account_run(
        self, portfolio: Portfolio, backtests: dict[str, Backtest], days: Span, progress: Progress
    ) -> AccountRun:
        """The portfolio through engine and risk manager."""
        name = self.account.account
        return run_account(
            portfolio, self.account, backtests, days=days, on_day=lambda done, of: progress(name, done, of)
        )


def _refuse_an_empty_span(backtests: dict[str, Backtest], days: Span) -> None:
    histories = [backtest.history for backtest in backtests.values()]
    there = days_of(histories)
    if there and not days_of(histories, *days):
        message = (
            f"No trading day of {', '.join(backtests)} lies in the span that was given; there are days from "
            f"{date_of(there[0])} to {date_of(there[-1])}. Give --start and --end among them, or leave them out."
        )
        raise InputError(message)
