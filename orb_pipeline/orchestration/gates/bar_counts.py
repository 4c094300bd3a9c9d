"""Bars per day against the usual count: is a stretch of the data missing?

Compared is a day with earlier days of its own weekday: a Friday closes early, and for half the year a Sunday has one
hour only. Usual is the median of the last `usual_days` such days that were not thin themselves, since hour-long holes
that last for months would otherwise become the usual. Holidays are thin and rare: they pass under the allowed share.
A weekday without any bar counts as a day with none. Nothing is judged before `_MIN_EARLIER_DAYS` days of its weekday.
"""

from __future__ import annotations

from collections import deque
from itertools import groupby
from statistics import median

import pandas as pd

from orb_pipeline.catalogue import Gates
from orb_pipeline.orchestration.gates.base import Evidence, Fact, GateResult

_MIN_EARLIER_DAYS = 4
_FRIDAY = 4
_STUB_SHARE = 0.5  # of the usual day: a Sunday of one hour neither lengthens nor breaks a run of thin days
_WORST_SHOWN = 5


def judge(evidence: Evidence) -> GateResult:
    return judge_bar_counts(evidence.judged, evidence.catalogue.research.gates)


def judge_bar_counts(trading_days: pd.DataFrame, limits: Gates) -> GateResult:
    """See the module; `trading_days` by day."""
    days = compared_days(trading_days, limits)
    judged = days[days["usual"].notna()]
    thin = judged[judged["thin"]]
    share = len(thin) / len(judged) if len(judged) else 0.0
    run = _longest_run(judged)
    worst = thin.sort_values("share").head(_WORST_SHOWN)
    passed = share <= limits.max_thin_day_share and run <= limits.max_thin_run_days
    message = (
        f"{len(thin):,} of {len(judged):,} judged days ({share:.1%}) have fewer than {limits.min_usual_share:.0%} of "
        f"the bars usual on their weekday, at most {run} in a row; allowed are {limits.max_thin_day_share:.0%} and "
        f"{limits.max_thin_run_days} in a row."
    )
    if len(worst):
        named = ", ".join(f"{row.day:%Y-%m-%d} ({row.bars} of {row.usual:.0f})" for row in worst.itertuples())
        message += f" Worst: {named}."
    facts: dict[str, Fact] = {
        "thin_days": len(thin),
        "judged_days": len(judged),
        "thin_share": round(share, 4),
        "longest_thin_run": run,
        "worst_days": worst[["day", "bars", "usual", "share"]],
    }
    return GateResult(passed, message, facts)


def compared_days(trading_days: pd.DataFrame, limits: Gates) -> pd.DataFrame:
    """Every trading day, and every weekday without one: day, bars, usual (NaN: not judged), share, thin."""
    days = pd.DatetimeIndex(trading_days["trading_day"])
    counts = dict(zip(days.to_list(), trading_days["bar_count"].tolist(), strict=True))
    span = pd.date_range(days.min(), days.max(), freq="D") if len(days) else days
    earlier: dict[int, deque[int]] = {weekday: deque(maxlen=limits.usual_days) for weekday in range(7)}
    rows = []
    for day in span.to_list():
        weekday = day.day_of_week
        if day not in counts and weekday > _FRIDAY:
            continue
        bars = counts.get(day, 0)
        full_days = earlier[weekday]
        usual = median(full_days) if len(full_days) >= _MIN_EARLIER_DAYS else None
        thin = usual is not None and bars < limits.min_usual_share * usual
        if not thin and bars:
            full_days.append(bars)
        rows.append((day, bars, usual, bars / usual if usual else None, thin))
    frame = pd.DataFrame(rows, columns=["day", "bars", "usual", "share", "thin"])
    return frame.astype({"usual": float, "share": float, "thin": bool})


def _longest_run(judged: pd.DataFrame) -> int:
    """Of thin days, leaving out those that are always short."""
    ordinary = judged[judged["usual"] >= _STUB_SHARE * judged["usual"].median()]
    return max((len(list(days)) for thin, days in groupby(ordinary["thin"]) if thin), default=0)
