"""The graph over real bars, in process, gate by gate."""

from __future__ import annotations

import datetime as dt
import json

import dagster as dg
import pandas as pd
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.errors import ConfigurationError, InputError, MissingDataError
from orb_pipeline.orchestration.gates import ASSETS, RESEARCH_ASSETS, WATCHING_ASSETS, gates_of
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.progress import AssetSummary, RunSummary
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.orchestration.conftest import override

THIN_DAYS_FAIL = "gates: {min_usual_share: 1.0, max_thin_day_share: 0.0}"
OFF_THE_GRID = 'instruments: {GC: {tick: "0.30"}}'


class Recording:
    def __init__(self) -> None:
        self.heard: list[str] = []

    def run_started(self, scope: str, assets: tuple[str, ...]) -> None:
        self.heard.append(f"run {scope} {len(assets)}")

    def asset_started(self, scope: str, asset: str) -> None:
        self.heard.append(f"start {asset}")

    def asset_finished(self, scope: str, summary: AssetSummary) -> None:
        self.heard.append(f"{summary.state} {summary.asset}")

    def run_finished(self, summary: RunSummary) -> None:
        self.heard.append(f"over {summary.scope} {summary.succeeded}")


def run(
    home: Home, *symbols: str, to: str = RESEARCH_ASSETS[-1], listener: Recording | None = None
) -> list[RunSummary]:
    """The runs of instruments."""
    return run_graph(home, load_catalogue(home.catalogue), symbols, to, listener)


def by_asset(summary: RunSummary) -> dict[str, AssetSummary]:
    return {asset.asset: asset for asset in summary.assets}


def waive(home: Home, asset: str, check: str, symbol: str, days: int = 30) -> None:
    now = dt.datetime.now(dt.UTC)
    warehouse, catalogue = Warehouse(home.warehouse), load_catalogue(home.catalogue)
    add_waiver(warehouse, catalogue, asset, check, symbol, "known holes", now.date() + dt.timedelta(days=days), now)


def let_waivers_expire(home: Home) -> None:
    with Warehouse(home.warehouse).transaction() as connection:
        connection.execute("update waivers set until = date '2020-01-01'")


def test_an_instruments_whole_graph_is_built_and_told_as_it_goes(landed_home: Home) -> None:
    listener = Recording()
    (summary,) = run(landed_home, "XAUUSD", listener=listener)
    assert summary.succeeded
    assert summary.message is None
    assert [asset.asset for asset in summary.assets] == list(RESEARCH_ASSETS)
    for asset in summary.assets:
        assert asset.state == "built"
        assert [verdict.check for verdict in asset.gates] == [gate.check for gate in gates_of(asset.asset)]
        assert all(verdict.passed for verdict in asset.gates)
    assert by_asset(summary)["bars_1m"].rows == 90_000
    assert by_asset(summary)["experimental_strategies"].rows == 7_020
    assert listener.heard[:3] == ["run XAUUSD 6", "start bars_1m", "built bars_1m"]
    assert listener.heard[-2:] == ["built validated_setups", "over XAUUSD True"]


def test_metadata_and_verdicts_are_kept_in_the_home(landed_home: Home) -> None:
    (summary,) = run(landed_home, "GC", to="trading_days")
    assert [asset.asset for asset in summary.assets] == ["bars_1m", "trading_days"]
    with open_instance(landed_home) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("trading_days"))
        assert event is not None
        assert event.asset_materialization is not None
        metadata = event.asset_materialization.metadata
        assert metadata["dagster/partition_row_count"].value == 6
        assert "data:image/png;base64" in str(metadata["bars_per_day"].value)
        assert event.asset_materialization.partition == "GC"
    lake = Lake(landed_home.lake_url)
    stored = Warehouse(landed_home.warehouse).frame("select * from gate_verdicts where asset = 'trading_days'")
    assert set(stored["check_name"]) == {"schema", "bar_counts"}
    assert set(stored["content_hash"]) == {lake.snapshot("trading_days", "GC").content_hash}


def test_building_again_changes_no_byte(landed_home: Home) -> None:
    lake = Lake(landed_home.lake_url)
    names = ("bars_1m", "daily_features", "orb_outcomes")
    run(landed_home, "GC", to="orb_outcomes")
    before = [lake.snapshot(name, "GC").content_hash for name in names]
    run(landed_home, "GC", to="orb_outcomes")
    assert [lake.snapshot(name, "GC").content_hash for name in names] == before


def test_a_failing_gate_stops_what_reads_its_asset_in_the_same_run(landed_home: Home) -> None:
    override(landed_home, "research.yaml", THIN_DAYS_FAIL)
    (summary,) = run(landed_home, "XAUUSD")
    states = {asset.asset: asset.state for asset in summary.assets}
    assert states["trading_days"] == "failed"
    downstream = ("orb_outcomes", "experimental_strategies", "validated_setups")
    assert {states[asset] for asset in downstream} == {"skipped"}
    assert not summary.succeeded
    assert summary.message is not None
    assert "trading_days/bar_counts of XAUUSD does not hold" in summary.message
    assert "orb waive trading_days bar_counts --instrument XAUUSD" in summary.message
    assert "since trading_days failed" in str(by_asset(summary)["experimental_strategies"].message)


def test_a_gate_that_failed_in_an_earlier_run_still_stops(landed_home: Home) -> None:
    override(landed_home, "research.yaml", THIN_DAYS_FAIL)
    run(landed_home, "XAUUSD")
    failure = _materialise_only(landed_home, "orb_outcomes", "XAUUSD")
    assert "trading_days/bar_counts of XAUUSD does not hold" in failure


def test_data_that_no_gate_has_judged_stops(built_home: Home) -> None:
    lake = Lake(built_home.lake_url)
    lake.write("bars_1m", "XAUUSD", lake.read("bars_1m", "XAUUSD").iloc[:-1])
    failure = _materialise_only(built_home, "trading_days", "XAUUSD")
    assert "Gate bars_1m/schema of XAUUSD has never judged the data as it is now" in failure
    assert "orb run --instrument XAUUSD --to bars_1m" in failure


def test_one_failing_instrument_does_not_stop_the_other(landed_home: Home) -> None:
    override(landed_home, "instruments.yaml", OFF_THE_GRID)
    gold, spot = run(landed_home)
    assert (gold.scope, gold.succeeded) == ("GC", False)
    assert (spot.scope, spot.succeeded) == ("XAUUSD", True)
    assert "a multiple of the tick 0.30" in str(gold.message)


def test_a_waiver_lets_through_warns_and_shows_downstream(landed_home: Home) -> None:
    override(landed_home, "research.yaml", THIN_DAYS_FAIL)
    waive(landed_home, "trading_days", "bar_counts", "XAUUSD")
    (summary,) = run(landed_home, "XAUUSD")
    assert summary.succeeded
    assets = by_asset(summary)
    verdict = next(verdict for verdict in assets["trading_days"].gates if verdict.check == "bar_counts")
    assert not verdict.passed
    assert verdict.waiver is not None
    assert verdict.waiver.reason == "known holes"
    assert assets["daily_features"].waivers == ()
    assert [waiver.check for waiver in assets["validated_setups"].waivers] == ["bar_counts"]
    with open_instance(landed_home) as instance:
        checks = instance.get_records_for_run(summary.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        evaluations = [record.event_log_entry.dagster_event for record in checks.records]
        severities = {
            (event.asset_check_evaluation_data.check_name, event.asset_check_evaluation_data.passed): (
                event.asset_check_evaluation_data.severity
            )
            for event in evaluations
            if event is not None
        }
        assert severities["bar_counts", False] == dg.AssetCheckSeverity.WARN
        event = instance.get_latest_materialization_event(dg.AssetKey("validated_setups"))
        assert event is not None
        assert event.asset_materialization is not None
        assert "known holes" in str(event.asset_materialization.metadata["waivers"].value)


def test_an_expired_waiver_does_not_let_through(landed_home: Home) -> None:
    override(landed_home, "research.yaml", THIN_DAYS_FAIL)
    waive(landed_home, "trading_days", "bar_counts", "XAUUSD")
    run(landed_home, "XAUUSD")
    let_waivers_expire(landed_home)
    assert "trading_days/bar_counts of XAUUSD does not hold" in _materialise_only(
        landed_home, "experimental_strategies", "XAUUSD"
    )
    further_down = _materialise_only(landed_home, "validated_setups", "XAUUSD")
    assert "was built on trading_days, whose gate bar_counts failed and was waived until 2020-01-01" in further_down
    waive(landed_home, "trading_days", "bar_counts", "XAUUSD")
    assert _materialise_only(landed_home, "validated_setups", "XAUUSD") == ""


def test_nothing_is_built_from_tables_that_do_not_belong_together(built_home: Home) -> None:
    override(built_home, "instruments.yaml", "instruments: {XAUUSD: {commission: 5}}")
    refusal = _materialise_only(built_home, "experimental_strategies", "XAUUSD")
    assert "of XAUUSD was built from another catalogue than the present one" in refusal
    run(built_home, "XAUUSD", to="orb_outcomes")
    assert _materialise_only(built_home, "experimental_strategies", "XAUUSD") == ""
    with Warehouse(built_home.warehouse).transaction() as connection:
        connection.execute(
            'update asset_builds set inputs = json_merge_patch(inputs, \'{"daily_features": "before"}\') '
            "where asset = 'orb_outcomes'"
        )
    refusal = _materialise_only(built_home, "experimental_strategies", "XAUUSD")
    assert "orb_outcomes of XAUUSD was built from another daily_features than the present one" in refusal


def test_nothing_found_fails_with_the_number_tried_beside_the_number_kept(landed_home: Home) -> None:
    (summary,) = run(landed_home, "GC")
    assert not summary.succeeded
    assert "0 of 7,020 strategies tried hold up" in str(summary.message)
    assert "7,020 by sample_size" in str(summary.message)


def test_setups_that_no_longer_pass_are_retired(built_home: Home) -> None:
    before = Warehouse(built_home.warehouse).frame("select * from validated_setups")
    assert len(before) > 100
    override(built_home, "research.yaml", "validation: {min_trades: 60}")
    (summary,) = run(built_home, "XAUUSD")
    after = Warehouse(built_home.warehouse).frame("select * from validated_setups")
    assert set(after["strategy_id"]) == set(before["strategy_id"])
    retired = after[after["status"] == "retired"]
    assert len(retired) > 0
    assert retired["retirement_reason"].str.contains("sample_size").all()
    assert summary.succeeded


def test_the_open_day_is_left_out(landed_home: Home) -> None:
    (summary,) = run(landed_home, "XAUUSD", to="bars_1m")
    bars = Lake(landed_home.lake_url).read("bars_1m", "XAUUSD")
    assert bars["ts_utc"].max() == pd.Timestamp("2026-03-25 13:31", tz="UTC")
    assert summary.assets[0].last == "2026-03-25T13:31:00+00:00"


def test_wrong_names_and_missing_bars_are_errors_that_say_what_to_do(landed_home: Home) -> None:
    with pytest.raises(InputError, match=r"Unknown asset 'bars'\. Known: bars_1m, trading_days"):
        run(landed_home, to="bars")
    with pytest.raises(ConfigurationError, match="Unknown instrument 'GOLD'"):
        run(landed_home, "GOLD")
    with pytest.raises(MissingDataError, match="orb ingest FILE --instrument MNQ"):
        run(landed_home, "MNQ")


def test_an_empty_home_says_what_to_do(home: Home) -> None:
    with pytest.raises(MissingDataError, match="orb ingest"):
        run(home)


def _materialise_only(home: Home, asset: str, symbol: str) -> str:
    """Run one asset without what it is built from, as Dagster's own page can; the failure, '' where it built."""
    from orb_pipeline.orchestration.assets import all_assets
    from orb_pipeline.orchestration.resources import resources
    from orb_pipeline.orchestration.workshop import Workshop

    catalogue = load_catalogue(home.catalogue)
    with open_instance(home) as instance:
        result = dg.materialize(
            all_assets(catalogue),
            selection=[asset],
            partition_key=symbol,
            instance=instance,
            resources=resources(Workshop(home, catalogue)),
            raise_on_error=False,
        )
    failures = [event for event in result.all_events if event.is_step_failure]
    return str(failures[0].step_failure_data.error) if failures else ""


def test_every_asset_reads_exactly_what_dagster_says_it_depends_on(built_home: Home) -> None:
    """But for those that only tell how things stand: they come last, and ask nothing of what comes before."""
    from orb_pipeline.orchestration.assets import all_assets

    catalogue, now = load_catalogue(), dt.datetime.now(dt.UTC)
    why = "three months are too few for folds"
    warehouse = Warehouse(built_home.warehouse)
    add_waiver(warehouse, catalogue, "walk_forward", "no_degradation", "25k", why, now.date(), now)
    run_graph(built_home, catalogue, ["XAUUSD"])
    builds = Warehouse(built_home.warehouse).frame("select asset, inputs from asset_builds")
    read = {
        row.asset: {name.partition(":")[0] for name in json.loads(row.inputs)} & set(ASSETS)
        for row in builds.itertuples()
        if row.asset not in WATCHING_ASSETS
    }
    declared = {
        spec.key.to_user_string(): {dep.asset_key.to_user_string() for dep in spec.deps}
        for asset in all_assets(load_catalogue())
        for spec in asset.specs
        if spec.key.to_user_string() not in WATCHING_ASSETS
    }
    assert read == declared
