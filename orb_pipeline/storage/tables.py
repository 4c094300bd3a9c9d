"""Names, columns and types of the tables that lie in the lake. One definition; writers cast to it, readers rely on it.

Prices are doubles, times UTC with microseconds, days dates. Text that repeats is dictionary-encoded, which pandas
reads as a categorical. The warehouse's tables are defined by its migrations.
"""

from __future__ import annotations

import pyarrow as pa

_TS = pa.timestamp("us", tz="UTC")
_DAY = pa.date32()
_CODE = pa.dictionary(pa.int32(), pa.string())
_PRICE = pa.float64()
_OHLC = [("open", _PRICE), ("high", _PRICE), ("low", _PRICE), ("close", _PRICE)]

# Bars as they landed, every outright contract; one file for each ingested source file.
LANDED_BARS = pa.schema([("ts_utc", _TS), ("symbol", _CODE), ("source_symbol", _CODE), *_OHLC, ("volume", pa.int64())])

# The front month's bars of closed trading days.
BARS_1M = LANDED_BARS

TRADING_DAYS = pa.schema(
    [
        ("symbol", _CODE),
        ("trading_day", _DAY),
        ("source_symbol", _CODE),  # the front month; NULL on a day that has none
        ("bar_count", pa.int64()),  # of the front month
        *_OHLC,
        ("volume", pa.int64()),
        ("first_ts", _TS),
        ("last_ts", _TS),
        ("landed_bar_count", pa.int64()),  # of all contracts
        ("usual_bar_count", pa.float64()),  # median of the days before it; NULL until there are enough
        ("simulated", pa.bool_()),
    ]
)

DAILY_FEATURES = pa.schema(
    [
        ("symbol", _CODE),
        ("trading_day", _DAY),
        ("orb_label", _CODE),
        ("orb_minutes", pa.int64()),
        ("orb_start_ts", _TS),
        ("orb_high", _PRICE),
        ("orb_low", _PRICE),
        ("orb_size", _PRICE),
        ("break_dir", _CODE),
        ("break_ts", _TS),
        ("break_volume", pa.int64()),
        ("rel_volume", pa.float64()),
    ]
)

ORB_OUTCOMES = pa.schema(
    [
        ("trading_day", _DAY),
        ("symbol", _CODE),
        ("orb_label", _CODE),
        ("orb_minutes", pa.int64()),
        ("rr_target", pa.float64()),
        ("confirm_bars", pa.int64()),
        ("entry_model", _CODE),
        ("entry_ts", _TS),
        ("entry_price", _PRICE),
        ("stop_price", _PRICE),
        ("target_price", _PRICE),
        ("outcome", _CODE),
        ("exit_ts", _TS),
        ("exit_price", _PRICE),
        ("pnl_r", pa.float64()),
        ("mae_r", pa.float64()),
        ("mfe_r", pa.float64()),
    ]
)

EXPERIMENTAL_STRATEGIES = pa.schema(
    [
        ("strategy_id", pa.string()),
        ("instrument", _CODE),
        ("orb_label", _CODE),
        ("orb_minutes", pa.int64()),
        ("rr_target", pa.float64()),
        ("confirm_bars", pa.int64()),
        ("entry_model", _CODE),
        ("filter_type", _CODE),
        ("sample_size", pa.int64()),
        ("win_rate", pa.float64()),
        ("avg_win_r", pa.float64()),
        ("avg_loss_r", pa.float64()),
        ("expectancy_r", pa.float64()),
        ("sharpe_ratio", pa.float64()),
        ("sharpe_ann", pa.float64()),
        ("max_drawdown_r", pa.float64()),
        ("median_risk_points", pa.float64()),
        ("avg_risk_points", pa.float64()),
        ("yearly_results", pa.string()),  # JSON
        ("stressed_expectancy_r", pa.float64()),
        ("classification", _CODE),
        ("through_sample_size", pa.int64()),  # NULL but for E3
        ("through_expectancy_r", pa.float64()),
        ("p_value", pa.float64()),  # of a mean daily R above 0; NULL without a trade
        ("fdr_q", pa.float64()),
        ("deflated_sharpe", pa.float64()),
        ("validation_status", _CODE),
        ("validation_phase", _CODE),  # the phase that rejected it; NULL where it passed
        ("validation_notes", pa.string()),
    ]
)

# One row for each day and member of an account's portfolio that traded or was kept from trading.
REPLAY_RESULTS = pa.schema(
    [
        ("account", _CODE),
        ("trading_day", _DAY),
        ("instrument", _CODE),
        ("strategy_id", _CODE),
        ("trades", pa.int64()),
        ("wins", pa.int64()),
        ("losses", pa.int64()),
        ("scratches", pa.int64()),
        ("rejections", pa.int64()),
        ("rejections_by_reason", pa.string()),  # JSON; NULL without any
        ("pnl_r", pa.float64()),
        ("pnl_dollars", pa.float64()),
        ("drawdown_r", pa.float64()),
        ("drawdown_dollars", pa.float64()),
        ("equity", pa.float64()),
        ("simulated", pa.bool_()),
    ]
)

# Every entry that came up in the replay of an account, taken or rejected.
REPLAY_TRADES = pa.schema(
    [
        ("account", _CODE),
        ("trading_day", _DAY),
        ("instrument", _CODE),
        ("orb_label", _CODE),
        ("strategy_id", _CODE),
        ("entry_model", _CODE),
        ("direction", _CODE),
        ("contracts", pa.int64()),
        ("decided_ts", _TS),
        ("decided_price", _PRICE),
        ("entry_ts", _TS),
        ("entry_price", _PRICE),
        ("stop_price", _PRICE),
        ("target_price", _PRICE),
        ("exit_ts", _TS),
        ("exit_price", _PRICE),
        ("outcome", _CODE),
        ("exit_reason", _CODE),
        ("pnl_r", pa.float64()),
        ("pnl_dollars", pa.float64()),
        ("mae_r", pa.float64()),
        ("mfe_r", pa.float64()),
        ("risk_check_passed", pa.bool_()),
        ("risk_check", _CODE),  # the check that rejected it; NULL where none did
        ("risk_check_value", pa.float64()),
        ("risk_check_limit", pa.float64()),
        ("risk_check_reason", pa.string()),
        ("unlimited_r", pa.float64()),  # what the backtest made of it
        ("simulated", pa.bool_()),
    ]
)

# Every entry that came up out of sample in walk-forward, taken or rejected, with its fold.
WALK_FORWARD_TRADES = pa.schema([("fold", pa.int64()), *REPLAY_TRADES])

# What all strategies of an instrument together are worth: one row.
RESEARCH_EVIDENCE = pa.schema(
    [
        ("instrument", _CODE),
        ("tried", pa.int64()),
        ("trials", pa.int64()),
        ("effective_trials", pa.float64()),
        ("expected_max_sharpe", pa.float64()),
        ("passed", pa.int64()),
        ("passing_by_luck", pa.float64()),
        ("passing_by_luck_low", pa.float64()),
        ("passing_by_luck_high", pa.float64()),
        ("luck_reaches_passed", pa.float64()),
        ("passed_q_below_10", pa.int64()),
        ("pbo", pa.float64()),
        ("loss_probability", pa.float64()),
        ("spa_p_value", pa.float64()),
        ("note", pa.string()),  # why a figure cannot be had
    ]
)

LAKE_TABLES = {
    "landed_bars": LANDED_BARS,
    "bars_1m": BARS_1M,
    "trading_days": TRADING_DAYS,
    "daily_features": DAILY_FEATURES,
    "orb_outcomes": ORB_OUTCOMES,
    "experimental_strategies": EXPERIMENTAL_STRATEGIES,
    "research_evidence": RESEARCH_EVIDENCE,
    "replay_results": REPLAY_RESULTS,
    "replay_trades": REPLAY_TRADES,
    "walk_forward_trades": WALK_FORWARD_TRADES,
}

ACCOUNT_TABLES = frozenset({"replay_results", "replay_trades", "walk_forward_trades"})
"""Tables of accounts; the others are of instruments."""


def partition_key(table: str) -> str:
    """What the table's partitions are called after: `instrument` or `account`."""
    return "account" if table in ACCOUNT_TABLES else "instrument"
