"""Win rate drift: of a strategy's latest trades fewer win than its backtest promises."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.monitoring.alerts.base import TOLERANCE, Alert, Facts
from orb_pipeline.monitoring.alerts.drift import drift_alert, is_worth_telling, windows
from orb_pipeline.monitoring.chance import chance_of_wins

NAME = "win_rate_drift"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    rule = facts.rules.win_rate_drift
    found = []
    for window in windows(facts, rule):
        expected = window.member.win_rate
        wins, trades = int((window.results > 0).sum()), len(window.results)
        value, threshold = wins / trades, expected - rule.below_by
        chance = chance_of_wins(wins, trades, expected)
        if value >= threshold - TOLERANCE or not is_worth_telling(rule, chance):
            continue
        said = (
            f"{wins} of the latest {trades} trades won ({value:.1%}); backtest {expected:.1%}, alert below "
            f"{threshold:.1%}"
        )
        found.append(
            drift_alert(NAME, rule, window, said, value=value, threshold=threshold, expected=expected, chance=chance)
        )
    return found
