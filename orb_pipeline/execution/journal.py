"""What a trading day leaves behind: a row for every trade and for every entry that the risk manager refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import pandas as pd

from orb_pipeline.execution.states import State
from orb_pipeline.execution.trade import ActiveTrade, stamp

_STAMPS = ("decided_ts", "entry_ts", "exit_ts")


@dataclass(frozen=True)
class JournalEntry:
    """One trade, or one refused entry, in points, R, dollars and aware UTC times.

    Attributes:
        decided_ts: the bar on which the fill was put to the risk manager; decided_price: the fill's price.
        entry_ts, entry_price and all of the exit: NULL where the entry was refused; of the exit also while it is open.
        contracts: as sized; of a refused entry, what it would have been.
        risk_check: the check that refused it, NULL where all held; with its value, its limit and its sentence. A trade
            that was allowed with a warning has the warning there.
    """

    account: str
    trading_day: dt.date
    instrument: str
    orb_label: str
    strategy_id: str
    entry_model: str
    direction: str
    contracts: int
    decided_ts: dt.datetime
    decided_price: float
    entry_ts: dt.datetime | None
    entry_price: float | None
    stop_price: float
    target_price: float | None
    exit_ts: dt.datetime | None
    exit_price: float | None
    outcome: str | None
    exit_reason: str | None
    pnl_r: float | None
    pnl_dollars: float | None
    mae_r: float | None
    mfe_r: float | None
    risk_check_passed: bool
    risk_check: str | None
    risk_check_value: float | None
    risk_check_limit: float | None
    risk_check_reason: str


COLUMNS = tuple(field.name for field in fields(JournalEntry))


def entries_of(trades: Iterable[ActiveTrade], account: str, trading_day: dt.date) -> list[JournalEntry]:
    """Rows of the trades that were put to the risk manager, in their order; of an open one all but its exit."""
    return [_entry(trade, account, trading_day) for trade in trades if trade.decision is not None]


def frame_of(entries: Sequence[JournalEntry]) -> pd.DataFrame:
    """The entries as a table, in their order."""
    rows = [tuple(getattr(entry, name) for name in COLUMNS) for entry in entries]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in _STAMPS:
        frame[name] = pd.to_datetime(frame[name], utc=True).dt.as_unit("us")
    numbers = [field.name for field in fields(JournalEntry) if str(field.type).startswith("float")]
    kinds = {"contracts": "int64", "risk_check_passed": "bool", **dict.fromkeys(numbers, "float64")}
    return frame.astype(kinds)


def _entry(trade: ActiveTrade, account: str, trading_day: dt.date) -> JournalEntry:
    decision, decided = trade.decision, stamp(trade.decided_minute)
    price, stop = trade.points(trade.decided_price), trade.stop_price
    is_open = trade.state is State.ENTERED
    assert decision is not None and decided is not None and price is not None and stop is not None  # noqa: S101, PT018
    return JournalEntry(
        account=account,
        trading_day=trading_day,
        instrument=trade.strategy.instrument,
        orb_label=trade.strategy.orb_label,
        strategy_id=trade.strategy_id,
        entry_model=trade.entry_model,
        direction=trade.direction,
        contracts=trade.contracts,
        decided_ts=decided,
        decided_price=price,
        entry_ts=trade.entry_ts,
        entry_price=trade.entry_price,
        stop_price=stop,
        target_price=trade.target_price,
        exit_ts=trade.exit_ts,
        exit_price=trade.exit_price,
        outcome=trade.outcome,
        exit_reason=trade.exit_reason,
        pnl_r=trade.pnl_r,
        pnl_dollars=trade.pnl_dollars,
        mae_r=None if is_open else trade.mae_r,
        mfe_r=None if is_open else trade.mfe_r,
        risk_check_passed=decision.allowed,
        risk_check=decision.check,
        risk_check_value=decision.value,
        risk_check_limit=decision.limit,
        risk_check_reason=decision.warning or decision.reason,
    )
