"""What an alert is asked with and what it answers: plain values and frames, no storage, no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from orb_pipeline.catalogue.monitoring import AlertRules
from orb_pipeline.catalogue.notifications import Severity

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-9  # of sums of R and of shares; what is at a threshold is not beyond it


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One thing to be told, as of the moment it was asked for.

    Attributes:
        alert: its kind, such as `drawdown`.
        condition: what it is about: the same text for the same thing, another one for another.
        message: a paragraph for the operator: the thing, the value seen, what was expected, the next step.
        value: what was seen; threshold: where it begins to be worth an alert; both in the alert's own unit.
        expected: of a drift, the backtest's figure; sample_size: over how many trades `value` is;
            chance: how likely a value like this or worse is without any drift, None where that is not known.
    """

    alert: str
    condition: str
    severity: Severity
    message: str
    account: str | None = None
    instrument: str | None = None
    strategy_id: str | None = None
    trading_day: dt.date | None = None
    value: float | None = None
    threshold: float | None = None
    expected: float | None = None
    sample_size: int | None = None
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Member:
    """A strategy that an account trades on paper now, with what its backtest promises.

    Attributes:
        since: trading day since which it has been traded without a break, of the latest year.
    """

    account: str
    strategy_id: str
    instrument: str
    orb_label: str
    win_rate: float
    expectancy_r: float
    since: dt.date


@dataclass(frozen=True, kw_only=True)
class FeedGap:
    """Minutes of which bars are missing, or may be: the last one's open (aware), and why, in the feed's words."""

    last: dt.datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Feed:
    """An instrument's bars as they come in.

    Attributes:
        calendar: of its exchange; None where the catalogue names none.
        newest: when the newest file of bars came, aware; None where none ever has.
        is_traded: whether an account trades it on paper today.
        open_trades: positions in it.
        gaps: lately, in the order in which they were written down.
        waiting_since: when the oldest file that nobody has taken came, aware; None where none waits.
    """

    instrument: str
    calendar: str | None
    newest: dt.datetime | None
    is_traded: bool = False
    open_trades: int = 0
    gaps: tuple[FeedGap, ...] = ()
    waiting_since: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GateState:
    """A gate that does not hold by its latest verdict, or did not, under a waiver, when what stands now was built.

    Attributes:
        scope: instrument or account.
        waiver, until: the waiver that is in force and its last day; None where there is none.
        next_step: what to do, in words.
    """

    asset: str
    check: str
    scope: str
    is_account: bool
    message: str
    next_step: str
    waiver: int | None = None
    until: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class RunEnd:
    """How the latest finished run of a job and its scope ended.

    Attributes:
        scope: instrument or account; "" where the job has none.
    """

    job: str
    scope: str
    run_id: str
    ended_at: dt.datetime
    failed: bool
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened while trading; `event` is `limit`, `account_lost` or `roll`."""

    event: str
    trading_day: dt.date
    reason: str
    account: str | None = None
    instrument: str | None = None
    check: str | None = None


def no_trades() -> pd.DataFrame:
    stamps = pd.Series(dtype="datetime64[us, UTC]")
    texts = pd.Series(dtype=object)
    return pd.DataFrame(
        {"mode": texts, "account": texts, "trading_day": texts, "instrument": texts, "strategy_id": texts}
        | {"entry_ts": stamps, "exit_ts": stamps, "pnl_r": pd.Series(dtype="float64")}
    )


def no_ranges() -> pd.DataFrame:
    return pd.DataFrame(columns=["symbol", "orb_label", "trading_day", "orb_size"])


def no_days() -> pd.DataFrame:
    return pd.DataFrame(columns=["symbol", "trading_day", "bar_count", "first_ts", "last_ts"])


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that alerts are made from.

    Attributes:
        trades: entries of paper and live accounts: mode, account, trading_day (date), instrument, strategy_id,
            entry_ts, exit_ts (NaT while open), pnl_r (NaN while open).
        members: what each account trades now.
        backtest: (account, strategy) -> R of its trades in the replay.
        ranges: symbol, orb_label, trading_day, orb_size (points); by day.
        days: closed trading days of each instrument: symbol, trading_day (date), bar_count, first_ts, last_ts; by day.
        calendars: symbol -> exchange calendar, where it has one.
        gates: those that do not hold, and those passed over by a waiver that something stands on.
        runs: None where nobody looked.
        begun: account -> the latest trading day that it has begun on paper.
    """

    rules: AlertRules
    trades: pd.DataFrame = field(default_factory=no_trades)
    members: tuple[Member, ...] = ()
    backtest: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    ranges: pd.DataFrame = field(default_factory=no_ranges)
    days: pd.DataFrame = field(default_factory=no_days)
    calendars: Mapping[str, str] = field(default_factory=dict)
    feeds: tuple[Feed, ...] = ()
    gates: tuple[GateState, ...] = ()
    runs: tuple[RunEnd, ...] | None = None
    events: tuple[Event, ...] = ()
    begun: Mapping[str, dt.date] = field(default_factory=dict)


Evaluate = Callable[[Facts, dt.datetime], list[Alert]]
"""What stands at a moment (aware)."""
