"""The real client against a gateway on this machine."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import databento_dbn as dbn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError, InputError
from orb_pipeline.feeds.databento_feed import DatabentoFeed
from orb_pipeline.feeds.feed import Batch
from orb_pipeline.feeds.keys import key_from
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.feeds.runner import Run
from orb_pipeline.feeds.stamps import written
from orb_pipeline.settings import Home
from orb_pipeline_tests.feeds.databento_gateway import (
    KEY,
    NS,
    SYMBOLS,
    DatabentoGateway,
    end_of_interval,
    ohlcv,
    serving,
)
from orb_pipeline_tests.feeds.house import NINE, Now, Told, Trader, batch, gaps_of

CATALOGUE = load_catalogue()


@dataclass
class UntilDelivered(Told):
    """Stops the feed when so many bars have come."""

    now: Now = field(default_factory=Now)
    bars: int = 1

    def delivered(self, batch: Batch) -> None:
        super().delivered(batch)
        if sum(len(one.bars) for one in self.batches) >= self.bars:
            self.now.set()


def feed(gateway: DatabentoGateway, now: Now, symbol: str = "MGC", key: str = KEY) -> DatabentoFeed:
    instrument = CATALOGUE.instrument(symbol)
    return DatabentoFeed(instrument, key, now, gateway="127.0.0.1", port=gateway.port)


def run_until(home: Home, gateway: DatabentoGateway, bars: int, now: Now | None = None) -> Told:
    """Run the feed until so many bars have been delivered in this run."""
    now = now or Now(NINE + 60)
    told = UntilDelivered(now=now, bars=bars)
    with serving(gateway), Landing.held(home, "MGC", "databento") as landing:
        Run(feed(gateway, now), landing, now, now, told).until_stopped()
    return told


def minutes(*numbers: int) -> list[dbn.DBNRecord]:
    """Both contracts and their spread of each minute, and its end."""
    records: list[dbn.DBNRecord] = []
    for n in numbers:
        records += [ohlcv(n, 2), ohlcv(n, 3), ohlcv(n), end_of_interval(n)]
    return records


def expected(*numbers: int) -> list[tuple[str, str]]:
    return [(written(NINE + n), contract) for n in numbers for contract in ("MGCJ24", "MGCM24")]


def test_all_outright_contracts_come_minute_by_minute(home: Home) -> None:
    gateway = DatabentoGateway(minutes(0, 1, 4))
    told = run_until(home, gateway, 6)
    trader = Trader(home)
    assert trader.stamps() == expected(0, 1, 4)
    assert [len(batch.bars) for batch in told.batches] == [2, 2, 2]
    assert trader.rows[0] == {
        "ts_utc": "2024-03-04T23:00:00Z",
        "symbol": "MGC",
        "source_symbol": "MGCJ24",
        "open": "2100.1",
        "high": "2100.2",
        "low": "2100",
        "close": "2100.1",
        "volume": "4",
    }
    assert not gaps_of(home)


def test_it_asks_for_minute_bars_of_the_parent_from_the_open_of_the_trading_day(home: Home) -> None:
    gateway = DatabentoGateway(minutes(0))
    run_until(home, gateway, 2)
    (subscription,) = gateway.subscriptions
    asked = {name: subscription[name] for name in ("schema", "stype_in", "symbols", "start")}
    assert asked == {"schema": "ohlcv-1m", "stype_in": "parent", "symbols": "MGC.FUT", "start": str(NINE * NS)}
    assert gateway.logins[0]["dataset"] == "GLBX.MDP3"


def test_a_cut_connection_goes_on_after_the_last_minute_delivered(home: Home) -> None:
    gateway = DatabentoGateway(minutes(0, 1, 2, 3), cuts=[6, 1, 0])
    told = run_until(home, gateway, 8)
    assert Trader(home).stamps() == expected(0, 1, 2, 3)
    assert [int(one["start"]) // NS - NINE for one in gateway.subscriptions] == [0, 1, 1, 1]
    assert told.waits == [1, 2, 4]
    (gap,) = gaps_of(home)
    assert gap["reason"].startswith("the gateway closed the connection")


def test_a_minute_without_an_end_is_over_when_the_next_begins(home: Home) -> None:
    run_until(home, DatabentoGateway([ohlcv(0), ohlcv(0, 2), ohlcv(1)]), 2)
    assert Trader(home).stamps() == expected(0)


class Ticking(Now):
    """Ten seconds go by whenever it is read."""

    def __call__(self) -> dt.datetime:
        self.moment += dt.timedelta(seconds=10)
        return self.moment


def test_or_when_the_clock_says_so_and_nothing_comes(home: Home) -> None:
    run_until(home, DatabentoGateway([ohlcv(0), ohlcv(0, 2)]), 2, Ticking())
    assert Trader(home).stamps() == expected(0)


def test_minutes_the_gateway_no_longer_has_are_a_gap(home: Home) -> None:
    with Landing.held(home, "MGC", "databento") as landing:
        landing.deliver(batch(NINE))
    now = Now(NINE + 2 * 1440)
    gateway = DatabentoGateway(minutes(1440, 2 * 1440 - 60))
    run_until(home, gateway, 2, now)
    start = int(gateway.subscriptions[0]["start"]) // NS - NINE
    assert start == 1441
    assert Trader(home).stamps()[1:] == expected(2 * 1440 - 60)
    (gap,) = gaps_of(home)
    assert (gap["from"], gap["to"]) == (written(NINE + 1), written(NINE + 1440))
    assert "24 hours" in gap["reason"]


def test_a_bar_of_a_stranger_is_written_down_once(home: Home) -> None:
    gateway = DatabentoGateway(
        [ohlcv(0, 9), ohlcv(0, 8), ohlcv(1, 9), *minutes(2)],
        symbols={**SYMBOLS, 9: "SIJ4"},
    )
    run_until(home, gateway, 2)
    assert [gap["reason"].split(";")[0] for gap in gaps_of(home)] == [
        "SIJ4 is no contract of MGC",
        "number 8 is no contract of MGC",
    ]


@pytest.mark.parametrize("code", [dbn.ErrorCode.SYMBOL_RESOLUTION_FAILED, dbn.ErrorCode.INVALID_SUBSCRIPTION])
def test_a_subscription_that_is_refused_is_an_error(home: Home, code: dbn.ErrorCode) -> None:
    gateway = DatabentoGateway([dbn.ErrorMsg(2**62, "no such symbol", code=code)])
    with pytest.raises(ConfigurationError, match=r"refused the subscription to ohlcv-1m of MGC.*no such symbol"):
        run_until(home, gateway, 1)


def test_a_key_the_gateway_does_not_know_is_an_error_that_does_not_show_it(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now, wrong = Now(), "db-ffffffffffffffffffffffffwrong"
    with serving(DatabentoGateway()) as gateway, pytest.raises(ConfigurationError) as error:
        list(feed(gateway, now, key=wrong).events(None, now))
    assert "DATABENTO_API_KEY" in str(error.value)
    assert "Invalid or unknown API key" in str(error.value)
    shown = str(error.value) + caplog.text + repr(feed(gateway, now, key=wrong))
    assert wrong not in shown
    assert "wrong" not in shown


def test_a_refusal_that_waiting_mends_is_waited_for(home: Home) -> None:
    gateway = DatabentoGateway(minutes(0), refuse="User has reached their open connection limit")
    now = Now(NINE + 60)
    now.stops_after = 2
    told = run_until(home, gateway, 2, now)
    assert told.waits == [1, 2]
    assert told.reasons == ["User has reached their open connection limit"] * 2


def test_no_gateway_is_waited_for(home: Home) -> None:
    now, told = Now(NINE + 60), Told()
    now.stops_after = 1
    with serving(DatabentoGateway()) as gateway:
        pass
    with Landing.held(home, "MGC", "databento") as landing:
        Run(feed(gateway, now), landing, now, now, told).until_stopped()
    assert told.reasons[0].startswith(f"Connection to 127.0.0.1:{gateway.port} failed")


def test_spot_gold_has_no_futures(home: Home) -> None:
    now = Now()
    with pytest.raises(InputError, match="XAUUSD has no contract_prefix"):
        list(feed(DatabentoGateway(), now, "XAUUSD").events(None, now))


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "databento", None)
    now = Now()
    with pytest.raises(ConfigurationError, match=r"pip install 'orb_pipeline\[databento\]'"):
        list(feed(DatabentoGateway(), now).events(None, now))


@pytest.mark.parametrize("environment", [{}, {"DATABENTO_API_KEY": " "}])
def test_a_missing_key_names_the_variable(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="DATABENTO_API_KEY is not set"):
        key_from(environment, "DATABENTO_API_KEY", "The databento feed")
    assert key_from({"DATABENTO_API_KEY": f"{KEY}\n"}, "DATABENTO_API_KEY", "The feed") == KEY


@settings(max_examples=15)
@given(
    numbers=st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True).map(sorted),
    cuts=st.lists(st.integers(0, 9), max_size=4),
)
def test_wherever_connections_are_cut_each_minute_comes_once(numbers: list[int], cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(Path(folder))
        run_until(home, DatabentoGateway(minutes(*numbers), cuts=cuts), 2 * len(numbers))
        assert Trader(home).stamps() == expected(*numbers)
