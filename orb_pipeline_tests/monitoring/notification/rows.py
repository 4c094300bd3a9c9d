"""Rows of the warehouse that there is something to tell of."""

from __future__ import annotations

import datetime as dt
from typing import Any

NOW = dt.datetime(2026, 3, 4, 5, 6, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 3)
STRATEGY = "MGC_0900_E1_RR2.0_CB1_ORB_G4"


def journal_row(**changes: Any) -> dict[str, Any]:
    """An open trade of the paper journal."""
    row: dict[str, Any] = {
        "mode": "paper",
        "account": "25k",
        "trading_day": DAY,
        "instrument": "MGC",
        "orb_label": "0900",
        "strategy_id": STRATEGY,
        "entry_model": "E1",
        "direction": "long",
        "contracts": 2,
        "decided_ts": NOW,
        "decided_price": 2400.1,
        "entry_ts": NOW,
        "entry_price": 2400.1,
        "stop_price": 2396.0,
        "target_price": 2408.3,
        "exit_ts": None,
        "exit_price": None,
        "outcome": None,
        "exit_reason": None,
        "pnl_r": None,
        "pnl_dollars": None,
        "mae_r": None,
        "mfe_r": None,
        "risk_check_passed": True,
        "risk_check": None,
        "risk_check_value": None,
        "risk_check_limit": None,
        "risk_check_reason": "all checks hold",
        "simulated": False,
        "run_id": "test",
        "created_at": NOW,
    }
    return row | changes


WON = {
    "exit_ts": NOW + dt.timedelta(minutes=9),
    "exit_price": 2408.3,
    "outcome": "win",
    "exit_reason": "target_hit",
    "pnl_r": 1.9,
    "pnl_dollars": 147.2,
    "mae_r": 0.2,
    "mfe_r": 2.0,
}
REFUSED = {
    "entry_ts": None,
    "entry_price": None,
    "target_price": None,
    "risk_check_passed": False,
    "risk_check": "max_daily_trades",
    "risk_check_reason": "15 entries today, at most 15",
}
