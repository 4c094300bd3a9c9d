"""The real client against a gateway on this machine."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError, InputError
from orb_pipeline.feeds.feed import Batch
from orb_pipeline.feeds.ib_feed import IbFeed
from orb_pipeline.feeds.landing import Landing
from orb_pipeline.feeds.runner import Run
from orb_pipeline.feeds.stamps import written
from orb_pipeline.settings import Home
from orb_pipeline_tests.feeds.house import NINE, Now, Told, Trader, batch, gaps_of
from orb_pipeline_tests.feeds.ib_gateway import Bar, IbGateway, serving

CATALOGUE = load_catalogue()
CODES = {101: "MGCJ24", 102: "MGCM24"}


@dataclass
class UntilDelivered(Told):
    """Stops the feed when the bars of a minute have come, or so many gaps."""

    now: Now = field(default_factory=Now)
    minute: int = 0
    most_gaps: int = 99

    def delivered(self, batch: Batch) -> None:
        super().delivered(batch)
        if batch.last >= NINE + self.minute:
            self.now.set()

    def missed(self, gap: object) -> None:
        super().missed(gap)  # type: ignore[arg-type]
        if len(self.gaps) >= self.most_gaps:
            self.now.set()


def feed(gateway: IbGateway, now: Now, symbol: str = "MGC", **options: object) -> IbFeed:
    instrument = CATALOGUE.instrument(symbol)
    return IbFeed(instrument, now, port=gateway.port, contracts=gateway.wanted, **options)  # type: ignore[arg-type]


def run_until(home: Home, gateway: IbGateway, minute: int, now: Now | None = None, most_gaps: int = 99) -> Told:
    """Run the feed until a bar of the minute so many after NINE was delivered."""
    now = now or Now()
    told = UntilDelivered(now=now, minute=minute, most_gaps=most_gaps)
    with serving(gateway), Landing.held(home, "MGC", "ib") as landing:
        Run(feed(gateway, now), landing, now, now, told).until_stopped()
    return told


def market(*minutes: int, contracts: tuple[int, ...] = (101, 102)) -> dict[tuple[int, int], Bar]:
    """A bar of each contract and minute: its prices and volume tell it from others."""
    return {
        (number, m): (2000.1 + m, 2001.3 + m, 1999.2 + m, 2000.4 + m, 5 + m + number)
        for number in contracts
        for m in minutes
    }


def expected(bars: dict[tuple[int, int], Bar]) -> list[tuple[str, ...]]:
    rows = sorted((m, CODES[number], *bar) for (number, m), bar in bars.items())
    return [(written(NINE + m), code, *(f"{value:.1f}".removesuffix(".0") for value in bar)) for m, code, *bar in rows]


def delivered(home: Home) -> list[tuple[str, ...]]:
    trader = Trader(home)
    trader.take()
    names = ("ts_utc", "source_symbol", "open", "high", "low", "close", "volume")
    return [tuple(row[name] for name in names) for row in trader.rows]


def test_minutes_are_built_from_five_seconds(home: Home) -> None:
    bars = market(0, 1, 3)
    gateway = IbGateway(bars, end=5)
    told = run_until(home, gateway, 3)
    assert delivered(home) == expected(bars)
    assert gateway.asked == []
    assert len(told.batches) <= 3
    assert not gaps_of(home)


def test_it_asks_for_the_nearest_contracts_without_trading(home: Home) -> None:
    gateway = IbGateway(market(0), end=2)
    run_until(home, gateway, 0)
    subscribed = [fields for fields in gateway.messages if fields[0] == "50"]
    assert [(fields[3], fields[-4], fields[-3]) for fields in subscribed] == [
        ("101", "TRADES", "0"),
        ("102", "TRADES", "0"),
    ]
    assert {fields[0] for fields in gateway.messages} == {"71", "61", "9", "50"}


def test_it_begins_with_the_trading_day_so_far(home: Home) -> None:
    bars = market(0, 7, 60, 61)
    gateway = IbGateway(bars, first=61, end=63)
    run_until(home, gateway, 61, Now(NINE + 61))
    assert delivered(home) == expected(bars)
    assert [(number, duration) for number, _, duration in gateway.asked][:2] == [(101, "3600 S"), (102, "3600 S")]


def test_a_minute_that_lacks_five_seconds_is_fetched(home: Home) -> None:
    bars = market(0, 1, 2)
    gateway = IbGateway(bars, end=4, dropped={(1, 4)})
    run_until(home, gateway, 2)
    assert delivered(home) == expected(bars)
    assert gateway.asked == [(101, "20240304 23:02:00 UTC", "60 S"), (102, "20240304 23:02:00 UTC", "60 S")]


def test_or_is_a_gap_where_it_cannot_be_had(home: Home) -> None:
    bars = market(0, 1, 2)
    gateway = IbGateway(bars, end=4, dropped={(1, 4)}, history_error=(162, "API scanner: pacing violation"))
    run_until(home, gateway, 2)
    assert delivered(home) == expected(market(0, 2))
    gaps = gaps_of(home)
    assert [gap["from"] for gap in gaps] == [written(NINE + 1)] * 2
    assert gaps[0]["reason"].startswith("MGCJ24: five-second bars are missing, and so is history: ")
    assert "pacing violation (162)" in gaps[0]["reason"]


def test_a_minute_in_which_nothing_traded_is_no_gap(home: Home) -> None:
    bars = market(0, 2)
    run_until(home, IbGateway(bars, end=4, dropped={(1, 0)}), 2)
    assert delivered(home) == expected(bars)
    assert not gaps_of(home)


@pytest.mark.parametrize("code", [1100, 10182])
def test_tws_without_ib_is_a_lost_connection(home: Home, code: int) -> None:
    bars = market(0, 1, 2)
    gateway = IbGateway(bars, end=4, cuts=[20], message=(code, "Connectivity has been lost"))
    told = run_until(home, gateway, 2)
    assert delivered(home) == expected(bars)
    assert told.reasons == [f"Connectivity has been lost ({code})"]
    (gap,) = gaps_of(home)
    assert "was fetched" in gap["reason"]


def test_a_gateway_that_hangs_is_a_lost_connection(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orb_pipeline.feeds.ib_client._ALIVE_SECONDS", 0.05)
    monkeypatch.setattr("orb_pipeline.feeds.ib_feed._QUIET", dt.timedelta(0))
    now = Now()
    now.stops_after = 1
    told = run_until(home, IbGateway(is_deaf=True), 0, now)
    assert told.reasons == ["TWS has not answered for 0 s"]


def test_subscriptions_that_fall_silent_while_the_market_trades_are_made_again(home: Home) -> None:
    now = Now(NINE + 2)
    bars = market(0, 16)
    gateway = IbGateway(bars)
    now.stops_after = 1
    with serving(gateway), Landing.held(home, "MGC", "ib") as landing:
        told = Told()
        told.delivered = lambda _: setattr(now, "moment", Now(NINE + 18).moment)  # type: ignore[method-assign]
        Run(feed(gateway, now), landing, now, now, told).until_stopped()
    assert told.reasons == ["the market trades, and no real-time bars come"]
    assert delivered(home) == expected(bars)


def test_real_time_bars_that_are_not_given_are_an_error(home: Home) -> None:
    gateway = IbGateway(subscription_error=(420, "Invalid Real-time Query: No market data permissions for COMEX FUT"))
    with pytest.raises(ConfigurationError, match=r"No market data permissions for COMEX FUT \(420\)"):
        run_until(home, gateway, 0)


def test_several_exchanges_have_to_be_chosen_from(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="it is listed at COMEX, QBALGO"):
        run_until(home, IbGateway(exchanges=("COMEX", "QBALGO")), 0)


def test_an_instrument_ib_does_not_list_is_an_error(home: Home) -> None:
    now = Now()
    with (
        serving(IbGateway()) as gateway,
        pytest.raises(ConfigurationError, match="Futures of MNQ at CME: IB lists none"),
    ):
        list(feed(gateway, now, "MNQ", exchange="CME").events(None, now))


def test_spot_gold_has_no_futures(home: Home) -> None:
    now = Now()
    with serving(IbGateway()) as gateway, pytest.raises(InputError, match="XAUUSD has no contract_prefix"):
        list(feed(gateway, now, "XAUUSD").events(None, now))


def test_no_tws_is_waited_for_and_says_where_it_was_sought(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    now, told = Now(), Told()
    now.stops_after = 2
    with serving(IbGateway()) as gateway:
        pass
    with Landing.held(home, "MGC", "ib") as landing:
        Run(feed(gateway, now), landing, now, now, told).until_stopped()
    assert told.waits == [1, 2]
    assert told.reasons[0].startswith(f"no API at 127.0.0.1:{gateway.port} (")
    assert "expected TWS or IB Gateway there" in told.reasons[0]
    assert logging.getLogger("ib_async").handlers


def test_a_number_that_another_client_has_is_waited_for_and_named(home: Home) -> None:
    now = Now()
    now.stops_after = 1
    told = run_until(home, IbGateway(is_taken=True), 0, now)
    assert "client id is already in use (326)" in told.reasons[0]


def test_more_than_a_week_is_a_gap(home: Home) -> None:
    with Landing.held(home, "MGC", "ib") as landing:
        landing.deliver(batch(NINE - 8 * 1440))
    bars = market(0)
    run_until(home, IbGateway(bars, end=2), 0)
    assert delivered(home)[1:] == expected(bars)
    (gap,) = gaps_of(home)
    assert (gap["from"], gap["to"]) == (written(NINE - 8 * 1440 + 1), written(NINE - 7 * 1440 - 1))


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ib_async", None)
    now = Now()
    with pytest.raises(ConfigurationError, match=r"pip install 'orb_pipeline\[ib\]'"):
        list(feed(IbGateway(), now).events(None, now))


@settings(max_examples=15)
@given(
    minutes=st.lists(st.integers(0, 12), min_size=1, max_size=5, unique=True),
    cuts=st.lists(st.integers(0, 40), max_size=3),
    skipped=st.integers(0, 30),
    dropped=st.sets(st.tuples(st.integers(0, 12), st.integers(0, 11)), max_size=3),
)
def test_wherever_connections_are_cut_each_minute_comes_once_and_whole(
    minutes: list[int], cuts: list[int], skipped: int, dropped: set[tuple[int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, now = Home.at(Path(folder)), Now()
        bars = market(*minutes)
        run_until(
            home, IbGateway(bars, end=16, cuts=cuts, skipped=skipped, dropped=dropped, now=now), max(minutes), now
        )
        assert delivered(home) == expected(bars)
