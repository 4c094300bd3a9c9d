"""Bars a second through the execution engine with 20 strategies over a year, as a ratio to an empty callback loop.

The engine is driven as a live system would drive it, a bar at a time, without limits, over a year of real spot gold.
Beside it, in the same process, an empty method is called once for each of the same bars.
"""

from __future__ import annotations

from measure import best_seconds, gold_spot_bars, say

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.engine import ExecutionEngine
from orb_pipeline.execution.history import History, context_of
from orb_pipeline.execution.risk import UnlimitedRisk
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline.research.study import Study
from orb_pipeline.rules.bars import Bar

STRATEGIES = 20
YEAR = 2013


class Empty:
    def on_bar(self, symbol: str, bar: Bar) -> list[object]:  # noqa: ARG002 - the engine's signature
        return []


def portfolio_of(labels: tuple[str, ...], count: int) -> Portfolio:
    """Strategies spread over sessions, entry models, targets, confirm counts and filters."""
    filters = ("NO_FILTER", "ORB_L8", "VOL_RV12_N20", "ORB_L6")
    strategies = tuple(
        PortfolioStrategy(
            strategy_id=f"S{number}",
            instrument="XAUUSD",
            orb_label=labels[number % len(labels)],
            orb_minutes=5,
            entry_model=("E1", "E2", "E3")[number % 3],
            rr_target=(1.0, 1.5, 2.0, 2.5, 3.0, 4.0)[number % 5],
            confirm_bars=1 + number % 5,
            filter_type=filters[number % 4],
            weight=1.0,
            max_contracts=1,
            expectancy_r=0.1,
            win_rate=0.4,
            sample_size=100,
            median_risk_points=1.0,
        )
        for number in range(count)
    )
    return Portfolio("25k", strategies, 3, -5.0, 25_000.0, 2.0)


def main() -> None:
    catalogue = load_catalogue()
    instrument, sessions = catalogue.instrument("XAUUSD"), catalogue.sessions_of("XAUUSD")
    bars = gold_spot_bars()
    bars = bars[bars["ts_utc"].dt.year == YEAR]
    history = History(Study.of(bars, instrument, sessions, catalogue.grid))
    days = [
        (context_of({"XAUUSD": history}, day, AccountDay(25_000, 25_000)), history.bars(day))
        for day in history.days.tolist()
    ]
    count = sum(len(of_day) for _, of_day in days)
    portfolio = portfolio_of(sessions.labels, STRATEGIES)
    entries = 0

    def engine_run() -> None:
        nonlocal entries
        engine = ExecutionEngine(portfolio, {"XAUUSD": instrument}, UnlimitedRisk())
        on_bar = engine.on_bar
        entries = 0
        for context, of_day in days:
            engine.on_trading_day_start(context)
            for bar in of_day:
                on_bar("XAUUSD", bar)
            engine.on_trading_day_end()
            entries += engine.get_daily_summary().trades

    def empty_run() -> None:
        on_bar = Empty().on_bar
        for _, of_day in days:
            for bar in of_day:
                on_bar("XAUUSD", bar)

    seconds, empty = best_seconds(engine_run), best_seconds(empty_run)
    say(f"engine: {count:,} bars of {YEAR}, {STRATEGIES} strategies, {entries:,} trades, in {seconds:.2f} s")
    say(f"engine: {count / seconds:,.0f} bars a second; empty callback loop: {count / empty:,.0f}")
    say(f"ratio: {seconds / empty:.1f} times the empty loop")


if __name__ == "__main__":
    main()
