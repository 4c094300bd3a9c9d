"""ORB size regime: the ranges of a traded session have become another size than those it was researched on."""

from __future__ import annotations

import datetime as dt

import numpy as np

from orb_pipeline.monitoring.alerts.base import Alert, Facts

NAME = "orb_size_regime"


def evaluate(facts: Facts, _now: dt.datetime) -> list[Alert]:
    rule = facts.rules.orb_size_regime
    traded = {(member.instrument, member.orb_label) for member in facts.members}
    found = []
    for (symbol, label), rows in facts.ranges.groupby(["symbol", "orb_label"], sort=True, observed=True):
        sizes = rows["orb_size"].dropna().to_numpy("float64")
        before, latest = sizes[: -rule.days], sizes[-rule.days :]
        if (symbol, label) not in traded or len(before) < rule.days:
            continue
        found += _alert(facts, str(symbol), str(label), float(np.median(latest)), float(np.median(before)))
    return found


def _alert(facts: Facts, symbol: str, label: str, value: float, usual: float) -> list[Alert]:
    rule = facts.rules.orb_size_regime
    threshold = rule.above_times * usual
    if value <= threshold * (1 + 1e-12):
        return []
    message = (
        f"The median range of {symbol} {label} over the latest {rule.days} days is {value:.6g} points; the backtest's "
        f"is {usual:.6g}, alert above {threshold:.6g}. Range filters in points and sizes were chosen for smaller "
        "ranges: research again on recent years, or set other thresholds."
    )
    return [
        Alert(
            alert=NAME,
            condition=f"{NAME}:{symbol}:{label}",
            severity=rule.severity,
            message=message,
            instrument=symbol,
            value=value,
            threshold=threshold,
            expected=usual,
            sample_size=rule.days,
        )
    ]
