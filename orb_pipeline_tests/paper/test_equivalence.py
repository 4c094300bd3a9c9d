"""Real days, a file and a step for every bar: the paper journal is the account's replay, row by row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, PROP, TIGHT, Desk, dates, days_of
from orb_pipeline_tests.paper.journals import assert_equals_replay, landed, trader
from orb_pipeline_tests.paper.sizes import SIZES

PACE = {BUSY: 1, TIGHT: 15, PROP: 60}
"""Bars from step to step: all accounts trade from one tape, each at its own pace."""


def test_a_step_for_every_bar_journals_what_the_replay_trades(long_desk: Desk, tmp_path: Path) -> None:
    home, symbol = long_desk.copy(tmp_path / "home"), long_desk.symbol
    bars = long_desk.days(SIZES.days)
    *days, _ = dates(bars)
    feed = Feed(home, symbol, bars)
    traders = {account: trader(home, account) for account in PACE}
    for number in range(len(feed)):
        feed.deliver(number, number + 1)
        for account, pace in PACE.items():
            if number % pace == 0 or number == len(feed) - 1:
                step = traders[account].step()
                assert [day.refused for day in step.days if day.refused] == []

    journals = {account: assert_equals_replay(home, account, [symbol], days) for account in PACE}
    assert len(days) == SIZES.days
    for account, journal in journals.items():
        assert journal["risk_check_passed"].nunique() == 2, f"{account} should have entered and been refused"
    assert "flat_by" in set(journals[PROP]["exit_reason"])
    _assert_all_landed(landed(home, symbol), bars, days)
    query = "select account, count(*)::int, sum(unexplained)::int from reconciled_days group by all order by 1"
    found = Warehouse(home.warehouse).frame(query).itertuples(index=False, name=None)
    assert list(found) == [(account, len(days), 0) for account in sorted(PACE)]
    query = "select message from monitor_alerts where alert in ('reconciliation', 'bars_rejected', 'day_not_landed')"
    assert Warehouse(home.warehouse).frame(query).empty


def _assert_all_landed(found: pd.DataFrame, bars: pd.DataFrame, days: list[dt.date]) -> None:
    fed = bars[days_of(bars) < days_of(bars).max()]
    assert dates(fed) == days
    columns = ["ts_utc", "open", "high", "low", "close", "volume"]
    since = found[found["ts_utc"] >= fed["ts_utc"].iloc[0]][columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(since, fed[columns], check_dtype=False)
