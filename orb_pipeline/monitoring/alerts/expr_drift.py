"""ExpR drift: a strategy's latest trades make less than its backtest promises."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import TOLERANCE, Alert, Facts
from orb_pipeline.monitoring.alerts.drift import Window, drift_alert, is_worth_telling, windows
from orb_pipeline.monitoring.chance import chance_of_mean

NAME = "expr_drift"
MIN_BACKTEST_TRADES = 30  # with fewer trades in the replay their distribution says nothing


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    rule = facts.rules.expr_drift
    found = []
    for window in windows(facts, rule):
        expected = window.member.expectancy_r
        value, threshold = float(window.results.mean()), rule.below_share * expected
        if value >= threshold - TOLERANCE:
            continue
        chance = _chance(facts, window, value)
        if not is_worth_telling(rule, chance):
            continue
        said = (
            f"the latest {len(window.results)} trades made {value:+.3f} R on average; backtest {expected:+.3f} R, "
            f"alert below {threshold:+.3f} R"
        )
        found.append(
            drift_alert(NAME, rule, window, said, value=value, threshold=threshold, expected=expected, chance=chance)
        )
    return found


def _chance(facts: Facts, window: Window, value: float) -> float | None:
    member = window.member
    results = facts.backtest.get((member.account, member.strategy_id))
    if results is None or len(results) < MIN_BACKTEST_TRADES:
        return None
    return chance_of_mean(results, member.expectancy_r, len(window.results), value)
