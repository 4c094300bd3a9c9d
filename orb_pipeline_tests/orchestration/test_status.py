"""What `orb status` and the nightly schedule know: current, stale and why, judged or not."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import dagster as dg
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.schedules import walk_forward_nightly
from orb_pipeline.orchestration.status import AssetStatus, InstrumentStatus, read_status
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.settings import HOME_VARIABLE, Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.orchestration.conftest import override


def status_of(home: Home, symbol: str) -> InstrumentStatus:
    status = read_status(home, load_catalogue(home.catalogue), dt.datetime.now(dt.UTC))
    return next(instrument for instrument in status.instruments if instrument.symbol == symbol)


def by_asset(home: Home, symbol: str) -> dict[str, AssetStatus]:
    return {asset.asset: asset for asset in status_of(home, symbol).assets}


def test_an_empty_home_has_nothing_and_is_not_made(home: Home) -> None:
    status = read_status(home, load_catalogue(), dt.datetime.now(dt.UTC))
    assert (status.instruments, status.waivers) == ((), ())
    assert not home.root.exists()


def test_landed_bars_and_nothing_built(landed_home: Home) -> None:
    status = status_of(landed_home, "GC")
    assert status.landed is not None
    assert (status.landed.files, status.landed.rejected, status.landed.simulated) == (1, 0, False)
    assert status.landed.rows > 7_000
    assert not status.is_current
    for asset in status.assets:
        assert asset.built_at is None
        assert {gate.state for gate in asset.gates} == {"never judged"}


def test_what_is_built_is_current_and_every_gate_passed(built_home: Home) -> None:
    status = status_of(built_home, "XAUUSD")
    assert status.is_current
    assert {gate.state for asset in status.assets for gate in asset.gates} == {"passed"}
    assert status.assets[0].rows == 90_000
    assert status.assets[0].first == "2025-12-19T04:05:00+00:00"


def test_a_change_upstream_makes_all_below_it_stale(built_home: Home) -> None:
    lake = Lake(built_home.lake_url)
    lake.write("bars_1m", "XAUUSD", lake.read("bars_1m", "XAUUSD").iloc[:-1])
    assets = by_asset(built_home, "XAUUSD")
    assert assets["bars_1m"].stale == "no run has recorded it as it is now"
    assert assets["bars_1m"].gates[0].state == "never judged"
    assert assets["trading_days"].stale == "bars_1m has changed since"
    assert assets["experimental_strategies"].stale == "bars_1m has changed since"
    assert assets["validated_setups"].stale == "experimental_strategies is stale"


def test_a_closed_day_makes_stale_only_where_its_bars_have_landed(built_home: Home) -> None:
    with Warehouse(built_home.warehouse).transaction() as connection:
        connection.execute("update asset_builds set inputs = replace(inputs::varchar, '\"20', '\"19')")
    assert by_asset(built_home, "XAUUSD")["bars_1m"].stale == "trading days have closed since"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("instruments.yaml", "instruments: {XAUUSD: {commission: 5}}"),
        ("sessions.yaml", 'session_sets: {brisbane: {zone: Australia/Brisbane, sessions: {"0900": "09:00"}}}'),
        ("grid.yaml", "grid: {orb_minutes: 15}"),
        ("research.yaml", "validation: {min_trades: 60}"),
    ],
)
def test_what_was_built_under_another_catalogue_is_stale(built_home: Home, name: str, text: str) -> None:
    override(built_home, name, text)
    assets = by_asset(built_home, "XAUUSD")
    assert assets["bars_1m"].stale == "the catalogue has changed since"
    assert all(asset.stale for asset in assets.values())


def test_another_instrument_or_a_new_name_in_the_catalogue_makes_nothing_stale(built_home: Home) -> None:
    override(built_home, "instruments.yaml", "instruments: {MGC: {commission: 5}, XAUUSD: {name: Gold}}")
    assert status_of(built_home, "XAUUSD").is_current


def test_gates_failed_and_waived_show_with_their_message(landed_home: Home) -> None:
    override(landed_home, "instruments.yaml", 'instruments: {GC: {tick: "0.30"}}')
    run_graph(landed_home, load_catalogue(landed_home.catalogue), ["GC"], to="bars_1m")
    (gate,) = by_asset(landed_home, "GC")["bars_1m"].gates
    assert gate.state == "failed"
    assert "a multiple of the tick 0.30" in gate.message
    now = dt.datetime.now(dt.UTC)
    warehouse, catalogue = Warehouse(landed_home.warehouse), load_catalogue(landed_home.catalogue)
    add_waiver(warehouse, catalogue, "bars_1m", "schema", "GC", "tick under review", now.date(), now)
    run_graph(landed_home, catalogue, ["GC"], to="trading_days")
    assets = by_asset(landed_home, "GC")
    assert assets["bars_1m"].gates[0].state == "waived"
    assert [waiver.reason for waiver in assets["trading_days"].waivers] == ["tick under review"]
    assert assets["trading_days"].blocked is None

    later = read_status(landed_home, catalogue, now + dt.timedelta(days=2))  # the waiver is over
    (instrument,) = (status for status in later.instruments if status.symbol == "GC")
    assert [asset.blocked for asset in instrument.assets[:2]] == [None, "bars_1m/schema"]


def test_status_does_not_import_dagster() -> None:
    script = "import sys, orb_pipeline.orchestration.status; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_nightly_schedule_asks_once_for_each_state_of_data_catalogue_and_waivers(
    built_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(built_home.root))
    (request,) = _tick()  # GC has landed and is not built
    assert [again.run_key for again in _tick()] == [request.run_key]
    now = dt.datetime.now(dt.UTC)
    ingest_file(
        built_home,
        load_catalogue(),
        real_data("gold_spot", "new_york_time_2016-03.csv"),
        "XAUUSD",
        now=now,
        options=_new_york(),
    )
    (after_bars,) = _tick()
    add_waiver(Warehouse(built_home.warehouse), load_catalogue(), "bars_1m", "schema", "GC", "why", now.date(), now)
    (after_waiver,) = _tick()
    assert len({request.run_key, after_bars.run_key, after_waiver.run_key}) == 3


def test_the_nightly_schedule_says_why_it_skips(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    (skip,) = _tick()
    assert "No instrument has landed bars" in skip.skip_message


def _tick() -> list[Any]:
    return list(walk_forward_nightly(dg.build_schedule_context()))


def _new_york() -> Any:
    from orb_pipeline.market.formats.raw import ReadOptions

    return ReadOptions(timezone="America/New_York")
