"""How often the drift alerts speak though nothing has drifted: trades drawn from the very distribution of the backtest.

A strategy wins `target` R or loses 1 R. It is looked at after every trade, from the thirtieth on, over the latest
fifty, by the alert itself. The order of the trades does not matter, so each number of wins is asked once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orb_pipeline.catalogue import AlertRules
from orb_pipeline.monitoring.alerts import ALERTS, Facts, Member

YEAR = 250
NOW = dt.datetime(2024, 11, 21, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Strategy:
    """What its backtest says, and what it is."""

    target: float
    win_rate: float

    @property
    def expectancy_r(self) -> float:
        return self.win_rate * self.target - (1 - self.win_rate)


@dataclass(frozen=True)
class Rates:
    """Shares of false alarms: at one moment with a full window, and at least once in a year of trades."""

    at_one_look: float
    in_a_year: float


STRATEGIES = (Strategy(1.0, 0.58), Strategy(2.0, 0.40), Strategy(4.0, 0.25))


def false_alarms(alert: str, strategy: Strategy, rules: AlertRules, paths: int) -> Rates:
    rule = getattr(rules, alert)
    won = np.random.default_rng(7).random((paths, YEAR)) < strategy.win_rate
    fired = np.zeros((paths, YEAR), dtype=bool)
    speaks: dict[int, np.ndarray] = {}
    for trade in range(rule.min_trades, YEAR + 1):
        trades = min(trade, rule.trades)
        if trades not in speaks:
            speaks[trades] = _speaks(alert, strategy, rules, trades)
        fired[:, trade - 1] = speaks[trades][won[:, trade - trades : trade].sum(axis=1)]
    return Rates(float(fired[:, rule.trades - 1 :].mean()), float(fired.any(axis=1).mean()))


def with_max_chance(rules: AlertRules, most: float | None) -> AlertRules:
    names = ("win_rate_drift", "expr_drift")
    return rules.model_copy(
        update={name: getattr(rules, name).model_copy(update={"max_chance": most}) for name in names}
    )


def _speaks(alert: str, strategy: Strategy, rules: AlertRules, trades: int) -> np.ndarray:
    """By number of wins, whether the alert speaks. All of them are asked at once, each as a strategy of its own."""
    counts = range(trades + 1)
    found = dict(ALERTS)[alert](_facts(strategy, rules, trades, counts), NOW)
    told = {item.strategy_id for item in found}
    return np.array([f"S{wins}" in told for wins in counts])


def _facts(strategy: Strategy, rules: AlertRules, trades: int, counts: range) -> Facts:
    results = np.array([[strategy.target] * wins + [-1.0] * (trades - wins) for wins in counts])
    names = [f"S{wins}" for wins in counts]
    stamps = pd.date_range("2024-01-01", periods=trades, tz="UTC")
    frame = pd.DataFrame(
        {
            "mode": "paper",
            "account": "25k",
            "strategy_id": np.repeat(names, trades),
            "entry_ts": np.tile(stamps, len(names)),
            "exit_ts": np.tile(stamps, len(names)),
            "pnl_r": results.ravel(),
        }
    )
    backtest = np.repeat(
        [strategy.target, -1.0], [round(100 * strategy.win_rate), round(100 - 100 * strategy.win_rate)]
    )
    members = tuple(
        Member(
            account="25k",
            strategy_id=name,
            instrument="MGC",
            orb_label="0900",
            win_rate=strategy.win_rate,
            expectancy_r=strategy.expectancy_r,
            since=NOW.date(),
        )
        for name in names
    )
    return Facts(rules=rules, trades=frame, members=members, backtest={("25k", name): backtest for name in names})
