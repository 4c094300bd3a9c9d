"""Alerts of a home: what they are made from is read in one short look, what became of them is written in another.

No Dagster here. Whoever trades, runs or watches calls `evaluate_alerts`, whether or not a gate holds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import StorageError
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.intake.tape import Tape
from orb_pipeline.market.trading_day import date_of, day_number
from orb_pipeline.monitoring import alerts as domain
from orb_pipeline.monitoring.alerts import Event, Facts, Feed, FeedGap, GateState, Member, RunEnd
from orb_pipeline.monitoring.alerts.base import Floats
from orb_pipeline.orchestration.gate_states import gate_states
from orb_pipeline.orchestration.paper.closing import DAYS
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.alerts import Alert, Changed, Severity, settle
from orb_pipeline.storage.warehouse import utc_frame

Connection = duckdb.DuckDBPyConnection

_DAYS_READ = 250  # of trading_days: a year of weekdays holds enough of each
_TRADES = (
    "select mode, account, trading_day, instrument, strategy_id, entry_ts, exit_ts, pnl_r from trade_journal "
    "where mode in ('paper', 'live') and entry_ts is not null qualify row_number() over "
    "(partition by mode, account, strategy_id order by trading_day desc) <= ? order by trading_day, entry_ts"
)
_PAPER_DAYS = (
    "select account, trading_day, finished_at is null as is_open, "
    "json_extract_string(members, '$[*].strategy_id') as strategies, "
    "if(trading_day = max(trading_day) over (partition by account), members, null) as members from paper_days "
    "where trading_day >= (select max(trading_day) from paper_days) - interval 1 year "
    "and member_count > 0 order by account, trading_day"
)
_BEGUN = "select account, max(trading_day) from paper_days group by account"


def evaluate_alerts(workshop: Workshop, now: dt.datetime, runs: Sequence[RunEnd] | None = None) -> tuple[Changed, ...]:
    """Ask every alert and write what became of it; what was raised, became graver or is over since the last time.

    Args:
        now: aware.
        runs: how the latest runs ended (run_ends.run_ends); without them alerts of runs stay as they are.

    Raises:
        ConfigurationError: an instrument's exchange calendar is unknown.
        BusyError, StorageError: the home cannot be read or written.
    """
    if not workshop.home.warehouse.exists():
        return ()
    facts = read_facts(workshop, now, runs)
    found = [_stored(alert, now) for alert in domain.evaluate(facts, now)]
    with workshop.warehouse.transaction() as connection:
        return settle(connection, found, domain.kinds_answered(facts), now)


def read_facts(workshop: Workshop, now: dt.datetime, runs: Sequence[RunEnd] | None = None) -> Facts:
    """What the alerts of a home are made from."""
    with workshop.warehouse.transaction() as connection:
        ledger = _Ledger.read(connection, workshop.catalogue, now)
    days, known = _days(workshop), _scopes(workshop.catalogue)
    return Facts(
        rules=workshop.catalogue.monitoring.alerts,
        trades=ledger.trades,
        members=ledger.members,
        backtest=ledger.backtest,
        ranges=_ranges(workshop, sorted({member.instrument for member in ledger.members})),
        days=days,
        calendars=_calendars(workshop, days),
        feeds=_feeds(workshop, ledger, now),
        gates=ledger.gates,
        runs=None if runs is None else tuple(run for run in runs if not run.scope or run.scope in known),
        events=ledger.events,
        begun=ledger.begun,
    )


def _stored(alert: domain.Alert, now: dt.datetime) -> Alert:
    return Alert(**{**asdict(alert), "severity": Severity(alert.severity), "raised_at": now})


# The warehouse.


@dataclass(frozen=True)
class _Ledger:
    """What the warehouse says, read in one transaction.

    Attributes:
        trades: of each strategy the latest that its alerts look at.
        paper_days: days with members of the latest year, by account and day: `strategies` of each, `members` of an
            account's last one.
    """

    trades: pd.DataFrame
    paper_days: pd.DataFrame
    backtest: dict[tuple[str, str], Floats]
    gates: tuple[GateState, ...]
    events: tuple[Event, ...]
    begun: dict[str, dt.date]

    @classmethod
    def read(cls, connection: Connection, catalogue: Catalogue, now: dt.datetime) -> _Ledger:
        rules = catalogue.monitoring.alerts
        most = 1 + max(rules.win_rate_drift.trades, rules.expr_drift.trades)  # and one that is open
        return cls(
            trades=_with_dates(utc_frame(connection.execute(_TRADES, [most]).df())),
            paper_days=_with_dates(connection.execute(_PAPER_DAYS).df()),
            backtest=_backtest(connection),
            gates=gate_states(connection, _scopes(catalogue), now),
            events=_events(connection),
            begun=dict(connection.execute(_BEGUN).fetchall()),
        )

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """Of the latest paper day of each account that had any."""
        return tuple(member for _, days in self.paper_days.groupby("account") for member in _members(days))


def _with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """DuckDB's days as dates."""
    return frame.assign(trading_day=pd.to_datetime(frame["trading_day"]).dt.date)


def _members(days: pd.DataFrame) -> list[Member]:
    """Members of an account's last day, each with the first of the unbroken days on which it was one."""
    latest: list[dict[str, Any]] = json.loads(days["members"].iloc[-1])
    since = {str(member["strategy_id"]): days["trading_day"].iloc[-1] for member in latest}
    unbroken = set(since)
    for day, strategies in zip(days["trading_day"].iloc[::-1], days["strategies"].iloc[::-1], strict=True):
        unbroken &= set(strategies)
        if not unbroken:
            break
        since |= dict.fromkeys(unbroken, day)
    return [
        Member(
            account=str(days["account"].iloc[0]),
            strategy_id=str(member["strategy_id"]),
            instrument=str(member["instrument"]),
            orb_label=str(member["orb_label"]),
            win_rate=float(member["win_rate"]),
            expectancy_r=float(member["expectancy_r"]),
            since=since[str(member["strategy_id"])],
        )
        for member in latest
    ]


def _backtest(connection: Connection) -> dict[tuple[str, str], Floats]:
    """R of the replay's trades of strategies that have been traded on paper."""
    rows = connection.execute(
        "select account, strategy_id, pnl_r from trade_journal semi join (select distinct account, strategy_id from "
        "trade_journal where mode in ('paper', 'live')) using (account, strategy_id) "
        "where mode = 'replay' and pnl_r is not null order by trading_day"
    ).df()
    grouped = rows.groupby(["account", "strategy_id"])["pnl_r"]
    return {(str(account), str(name)): results.to_numpy("float64") for (account, name), results in grouped}


def _scopes(catalogue: Catalogue) -> Set[str]:
    """What the catalogue knows: what was told of anything else cannot be mended."""
    return catalogue.instruments.keys() | catalogue.accounts.keys()


def _events(connection: Connection) -> tuple[Event, ...]:
    rows = connection.execute(
        "select event, trading_day, reason, account, instrument, check_name from trading_events "
        "where event in ('limit', 'account_lost', 'roll') and trading_day is not null order by event_ts, event_id"
    ).fetchall()
    return tuple(
        Event(event=event, trading_day=day, reason=reason, account=account, instrument=instrument, check=check)
        for event, day, reason, account, instrument, check in rows
    )


# The lake.


def _ranges(workshop: Workshop, symbols: Sequence[str]) -> pd.DataFrame:
    """Of instruments that are traded."""
    columns = ["symbol", "orb_label", "trading_day", "orb_size"]
    return _read(workshop, "daily_features", columns, symbols)


def _days(workshop: Workshop) -> pd.DataFrame:
    """The latest trading days of instruments that the catalogue knows."""
    columns = ["symbol", "trading_day", "bar_count", "first_ts", "last_ts", "simulated"]
    frame = _read(workshop, "trading_days", columns, sorted(workshop.catalogue.instruments), _DAYS_READ)
    return _with_dates(frame)


def _calendars(workshop: Workshop, days: pd.DataFrame) -> dict[str, str]:
    """Exchange calendars of instruments, but for those with simulated bars: a simulated market knows no holidays."""
    simulated = set(days.loc[days["simulated"].astype(bool), "symbol"])
    instruments = workshop.catalogue.instruments.items()
    return {symbol: item.calendar for symbol, item in instruments if item.calendar and symbol not in simulated}


def _read(
    workshop: Workshop, table: str, columns: Sequence[str], symbols: Sequence[str], most: int | None = None
) -> pd.DataFrame:
    """Columns of a table of these instruments as far as they have one, of each the last `most` rows."""
    frames = []
    for symbol in symbols:
        if workshop.lake.exists(table, symbol):
            rows = workshop.lake.read(table, symbol, columns).iloc[-most if most else 0 :]
            frames.append(rows.astype(dict.fromkeys(rows.columns[rows.dtypes == "category"], object)))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({column: [] for column in columns})


# Files of bars.


def _feeds(workshop: Workshop, ledger: _Ledger, now: dt.datetime) -> tuple[Feed, ...]:
    today = date_of(day_number(int(now.timestamp()) // 60))
    traded = _traded_on(ledger.paper_days, today)
    is_open = ledger.trades["exit_ts"].isna() & (ledger.trades["trading_day"] == today)
    positions = ledger.trades.loc[is_open, "instrument"].value_counts().to_dict()
    newest, tape = _newest_files(workshop), Tape(workshop.home)
    return tuple(
        Feed(
            instrument=symbol,
            calendar=instrument.calendar,
            newest=newest.get(symbol),
            is_traded=symbol in traded,
            open_trades=positions.get(symbol, 0),
            gaps=_gaps(workshop, symbol, now),
            waiting_since=min(filter(None, map(_written_at, tape.waiting([symbol]))), default=None),
        )
        for symbol, instrument in sorted(workshop.catalogue.instruments.items())
    )


def _gaps(workshop: Workshop, symbol: str, now: dt.datetime) -> tuple[FeedGap, ...]:
    """What the instrument's feed has written down of the last day and later; of a list that cannot be read, that."""
    try:
        gaps = Landing.gaps_in(workshop.home.landing / symbol)
    except StorageError as error:
        return (FeedGap(last=now, reason=str(error)),)
    times = [(dt.datetime.fromtimestamp(gap.last * 60, dt.UTC), gap.reason) for gap in gaps]
    return tuple(FeedGap(last=at, reason=reason) for at, reason in times if now - at <= dt.timedelta(days=1))


def _traded_on(paper_days: pd.DataFrame, day: dt.date) -> set[str]:
    """Instruments that an account has begun to trade on this day."""
    begun = paper_days[(paper_days["trading_day"] == day) & paper_days["is_open"] & paper_days["members"].notna()]
    return {member["instrument"] for members in begun["members"] for member in json.loads(members)}


def _newest_files(workshop: Workshop) -> dict[str, dt.datetime]:
    """When the newest file of bars of each instrument came: one that waits, one on the tape, or a day's that landed."""
    home = workshop.home
    symbols = sorted(workshop.catalogue.instruments)
    tape = Tape(home)
    files: dict[str, list[Path]] = {symbol: [] for symbol in symbols}
    for path in tape.waiting(symbols):
        files[path.parent.name].append(path)
    for symbol in symbols:
        files[symbol] += [file.path for file in tape.read().files if file.symbol == symbol][-1:]
        files[symbol] += sorted((home.tape / DAYS).glob(f"*-{symbol}.parquet"))[-1:]
    times = {symbol: [_written_at(path) for path in paths] for symbol, paths in files.items()}
    known = {symbol: [time for time in of if time is not None] for symbol, of in times.items()}
    return {symbol: max(of) for symbol, of in known.items() if of}


def _written_at(path: Path) -> dt.datetime | None:
    """A rename does not change it; None where the file was taken this very moment."""
    try:
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    except FileNotFoundError:
        return None
