"""What the dashboard's query says of a day's limits is what happens bar by bar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.monitoring.dashboard.panels.risk import QUERIES
from orb_pipeline.monitoring.dashboard.results import Scope
from orb_pipeline_tests.series import CATALOGUE

DAY = dt.date(2026, 3, 3)
QUERY = Scope(CATALOGUE.account("25k"), DAY, "paper", dt.datetime.now(dt.UTC)).filled(QUERIES["usage"])


class Trade(NamedTuple):
    """Minutes of entry and exit (None: still open), the session, the result in quarters of R."""

    model: str
    entry: int
    exit: int | None
    session: str
    quarters: int
    symbol: str = "MGC"
    is_scratch: bool = False


SYMBOLS, SESSIONS = ("MGC", "MNQ"), ("0900", "1000")


@st.composite
def trades(draw: st.DrawFn) -> Trade:
    """What is entered at the close of a bar can be closed on it as a scratch alone."""
    model, entry, is_scratch = draw(st.sampled_from(["E1", "E2", "E3"])), draw(st.integers(0, 8)), draw(st.booleans())
    leaves = draw(st.none() | st.integers(entry if is_scratch or model != "E2" else entry + 1, 12))
    session, symbol = draw(st.sampled_from(SESSIONS)), draw(st.sampled_from(SYMBOLS))
    return Trade(model, entry, leaves, session, draw(st.integers(-6, 12)), symbol, is_scratch and leaves is not None)


@dataclass
class Day:
    """A day as it goes on."""

    open: list[Trade]
    entries: int = 0
    quarters: int = 0
    most_open: int = 0
    most_of_session: int = 0
    worst: int = 0

    def enter(self, entered: list[Trade]) -> None:
        self.open += entered
        self.entries += len(entered)
        self.most_open = max(self.most_open, len(self.open))
        self.most_of_session = max(self.most_of_session, self.of_session)

    def leave(self, left: list[Trade]) -> None:
        for trade in left:
            self.open.remove(trade)
            self.quarters += trade.quarters
        self.worst = min(self.worst, self.quarters)

    @property
    def of_session(self) -> int:
        return max(
            sum((trade.symbol, trade.session) == name for trade in self.open) for name in product(SYMBOLS, SESSIONS)
        )


def lived(found: list[Trade]) -> Day:
    """RULES.md section 5: a bar of each instrument after the other; in it orders fill, then exits, then entries at the
    close. Scratches count when the day ends.
    """
    day = Day([])
    for minute, symbol in product(range(13), SYMBOLS):
        now = [trade for trade in found if (trade.entry, trade.symbol) == (minute, symbol)]
        day.enter([trade for trade in now if trade.model != "E2"])
        left = [trade for trade in day.open if (trade.exit, trade.symbol) == (minute, symbol)]
        day.leave([trade for trade in left if not trade.is_scratch])
        day.enter([trade for trade in now if trade.model == "E2"])
    day.leave([trade for trade in day.open if trade.is_scratch])
    return day


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def at(minute: int | None) -> dt.datetime | None:
    return None if minute is None else dt.datetime(2026, 3, 3, 1, minute, tzinfo=dt.UTC)


def journal(found: list[Trade]) -> pd.DataFrame:
    rows = [
        {
            "account": "25k",
            "mode": "paper",
            "trading_day": DAY,
            "risk_check_passed": True,
            "instrument": trade.symbol,
            "orb_label": trade.session,
            "entry_model": trade.model,
            "entry_ts": at(trade.entry),
            "exit_ts": at(trade.exit),
            "outcome": None if trade.exit is None else "scratch" if trade.is_scratch else "win",
            "pnl_r": None if trade.exit is None else trade.quarters / 4,
            "pnl_dollars": None if trade.exit is None else trade.quarters * 25.0,
        }
        for trade in found
    ]
    types = {"entry_ts": "datetime64[us, UTC]", "exit_ts": "datetime64[us, UTC]", "pnl_r": float, "pnl_dollars": float}
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else [*COLUMNS]).astype(types)


COLUMNS = (
    "account",
    "mode",
    "trading_day",
    "risk_check_passed",
    "instrument",
    "orb_label",
    "entry_model",
    "entry_ts",
    "exit_ts",
    "outcome",
    "pnl_r",
    "pnl_dollars",
)


@given(st.lists(trades(), min_size=1, max_size=12))
def test_the_day_is_what_it_was_bar_by_bar(database: duckdb.DuckDBPyConnection, found: list[Trade]) -> None:
    database.register("trade_journal", journal(found))
    row = database.execute(QUERY).df().iloc[0]
    day = lived(found)
    assert (row["positions_now"], row["positions_most"]) == (len(day.open), day.most_open)
    assert (row["session_now"], row["session_most"]) == (day.of_session, day.most_of_session)
    assert row["entries_now"] == day.entries
    assert (row["realised_r_now"], row["realised_r_worst"]) == (day.quarters / 4, day.worst / 4)
    assert (row["dollars_now"], row["dollars_worst"]) == (day.quarters * 25.0, day.worst * 25.0)


def test_a_bar_is_taken_whole_before_the_next_instruments_bar_of_the_same_minute(
    database: duckdb.DuckDBPyConnection,
) -> None:
    three = [Trade("E1", 0, leaves, "0900", quarters) for leaves, quarters in ((5, -4), (None, 0), (None, 0))]
    database.register("trade_journal", journal([*three, Trade("E1", 5, None, "0900", 0, "MNQ")]))
    assert database.execute(QUERY).df().iloc[0]["positions_most"] == 3
    database.register("trade_journal", journal([three[0], Trade("E1", 0, 5, "0900", 8, "MNQ")]))
    assert database.execute(QUERY).df().iloc[0]["realised_r_worst"] == -1.0


def test_what_is_scratched_counts_as_open_until_the_day_ends(database: duckdb.DuckDBPyConnection) -> None:
    scratch = Trade("E1", 0, 5, "0900", -4, is_scratch=True)
    database.register("trade_journal", journal([scratch, Trade("E1", 6, 7, "0900", 4, "MNQ")]))
    row = database.execute(QUERY).df().iloc[0]
    assert (row["positions_now"], row["positions_most"], row["realised_r_worst"]) == (0, 2, 0.0)


def test_a_day_without_a_trade_uses_nothing(database: duckdb.DuckDBPyConnection) -> None:
    database.register("trade_journal", journal([Trade("E1", 0, 1, "0900", 4)]).iloc[:0].assign(orb_label="0900"))
    assert database.execute(QUERY).df().iloc[0].tolist() == [0] * 9
