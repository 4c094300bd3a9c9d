"""Strategy stale: a strategy that an account trades has found no trade for long."""

from __future__ import annotations

import datetime as dt

from orb_pipeline.market.trading_day import date_of, day_number
from orb_pipeline.monitoring.alerts.base import Alert, Facts

NAME = "strategy_stale"


def evaluate(facts: Facts, now: dt.datetime) -> list[Alert]:
    """Counted from the strategy's last trade, or from the day since which it is traded."""
    rule = facts.rules.strategy_stale
    today = date_of(day_number(int(now.timestamp()) // 60))
    last = facts.trades.groupby(["account", "strategy_id"])["trading_day"].max().to_dict()
    found = []
    for member in facts.members:
        traded = last.get((member.account, member.strategy_id))
        since = member.since if traded is None else max(traded, member.since)
        days = (today - since).days
        if days < rule.days:
            continue
        what = f"since its last trade on {traded}" if traded == since else f"since it has been traded, {since}"
        message = (
            f"{member.strategy_id} of {member.account} has had no trade for {days} days, {what}; expected one in "
            f"{rule.days}. See whether its ranges pass its filter and whether risk checks refuse it: `orb today`."
        )
        found.append(
            Alert(
                alert=NAME,
                condition=f"{NAME}:{member.account}:{member.strategy_id}",
                severity=rule.severity,
                message=message,
                account=member.account,
                instrument=member.instrument,
                strategy_id=member.strategy_id,
                trading_day=since,
                value=float(days),
                threshold=float(rule.days),
            )
        )
    return found
