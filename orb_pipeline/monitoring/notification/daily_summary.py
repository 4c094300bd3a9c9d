"""A finished paper day in a few lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def summary_text(day: Row, journal: Sequence[Row]) -> str:
    """What a finished day of `paper_days` came to, by its rows of the paper journal."""
    if not day["member_count"]:
        return "Nothing might be traded all day: `orb paper --once` says why, and `orb status` which gates do not hold."
    trades = [row for row in journal if row["risk_check_passed"]]
    dollars = math.fsum(row["pnl_dollars"] or 0.0 for row in trades)
    outcomes = Counter(str(row["outcome"]) for row in trades)
    lines = [
        f"Trades: {len(trades)} ({outcomes['win']} won, {outcomes['loss']} lost, {outcomes['scratch']} scratched)",
        f"Result: {sum(row['pnl_r'] or 0.0 for row in trades):+.2f} R, {dollars:+,.2f} dollars",
        f"Equity: {day['equity'] + dollars:,.2f} dollars",
    ]
    refused = Counter(str(row["risk_check"]) for row in journal if not row["risk_check_passed"])
    if refused:
        lines.append(f"Refused: {', '.join(f'{count} by {check}' for check, count in sorted(refused.items()))}")
    lines += [
        f"{row['pnl_r']:+.2f} R  {row['strategy_id']}"
        for row in sorted(trades, key=lambda row: row["pnl_r"] or 0.0)
        if row["pnl_r"] is not None
    ]
    return "\n".join(lines)
