"""An account's result of its latest day of trades, against a number of R."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from orb_pipeline.catalogue.monitoring import DayLoss
from orb_pipeline.monitoring.alerts.base import TOLERANCE, Alert, Facts


def beyond(facts: Facts, alert: str, rule: DayLoss, advice: str) -> list[Alert]:
    """One alert for each mode and account whose latest day has lost more than the rule allows.

    A day's result is the sum of its trades that are over. Where the day is still open it may yet turn.
    """
    found = []
    for mode, account, day in _latest_days(facts.trades):
        pnl_r = float(day["pnl_r"].sum())
        if pnl_r >= rule.below_r - TOLERANCE:
            continue
        trading_day = day["trading_day"].iloc[0]
        still_open = int(day["exit_ts"].isna().sum())
        message = (
            f"{account} ({mode}) made {pnl_r:+.2f} R on {trading_day} with {len(day) - still_open} trades that are "
            f"over and {still_open} open; expected {rule.below_r:g} R or better. {advice}"
        )
        found.append(
            Alert(
                alert=alert,
                condition=f"{alert}:{mode}:{account}:{trading_day}",
                severity=rule.severity,
                message=message,
                account=account,
                trading_day=trading_day,
                value=pnl_r,
                threshold=rule.below_r,
            )
        )
    return found


def _latest_days(trades: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for (mode, account), rows in trades.groupby(["mode", "account"], sort=True):
        yield str(mode), str(account), rows[rows["trading_day"] == rows["trading_day"].max()]
