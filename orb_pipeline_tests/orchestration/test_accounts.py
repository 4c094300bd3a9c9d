"""What belongs to an account: built over the instruments whose research holds, under gates of its own."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import dagster as dg
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.cli.status_tables import print_json
from orb_pipeline.errors import ConfigurationError, InputError
from orb_pipeline.orchestration.assets import all_assets
from orb_pipeline.orchestration.holding import holding_instruments
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.scope import ACCOUNT_TAG
from orb_pipeline.orchestration.status import read_status
from orb_pipeline.orchestration.verdicts import scope_to_waive
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.orchestration import made_up
from orb_pipeline_tests.orchestration.conftest import override, statuses, waive

FEW_CONTRACTS = "accounts: {25k: {max_contracts: 5}}"
THIN_DAYS_FAIL = "gates: {min_usual_share: 1.0, max_thin_day_share: 0.0}"


@pytest.fixture(autouse=True)
def _declared(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up.declare(monkeypatch)


def build(home: Home, *assets: str, account: str | None = None) -> str:
    """Run account assets alone, as Dagster's own page can; the failure, '' where they were built."""
    catalogue = load_catalogue(home.catalogue)
    made_up.make_table(Warehouse(home.warehouse))
    with open_instance(home) as instance:
        result = dg.materialize(
            all_assets(catalogue),
            selection=list(assets),
            instance=instance,
            resources=resources(Workshop(home, catalogue)),
            tags={ACCOUNT_TAG: account} if account else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    failures = [event for event in result.all_events if event.is_step_failure]
    return str(failures[0].step_failure_data.error) if failures else ""


def inputs_of(home: Home, asset: str, account: str = "25k") -> dict[str, str]:
    query = "select inputs from asset_builds where asset = ? and instrument = ?"
    inputs: dict[str, str] = json.loads(Warehouse(home.warehouse).frame(query, [asset, account])["inputs"].iloc[-1])
    return inputs


def test_the_account_runs_after_its_instruments_and_names_those_it_leaves_out(landed_home: Home) -> None:
    catalogue = load_catalogue()
    spot, account = run_graph(landed_home, catalogue, ["XAUUSD"], account="50k")
    assert (spot.scope, spot.succeeded, spot.left_out) == ("XAUUSD", True, {})
    assert (account.scope, account.succeeded, account.message) == ("50k", True, None)
    assert [(asset.asset, asset.state, asset.rows) for asset in account.assets] == [
        ("counted", "built", 1),
        ("remarked", "built", 1),
    ]
    assert account.left_out == {"GC": "bars_1m of GC has not been built. Build it: `orb run --instrument GC`."}
    with open_instance(landed_home) as instance:
        run = instance.get_run_by_id(account.run_id)
        assert run is not None
        assert run.tags[ACCOUNT_TAG] == "50k"
        event: Any = instance.get_latest_materialization_event(dg.AssetKey("counted"))
        facts = event.asset_materialization.metadata
        assert (facts["account"].value, facts["dagster/row_count"].value) == ("50k", 1)


def test_where_no_research_holds_the_accounts_run_is_not_started(landed_home: Home) -> None:
    override(landed_home, "research.yaml", THIN_DAYS_FAIL)
    spot, account = run_graph(landed_home, load_catalogue(landed_home.catalogue), ["XAUUSD"], to="counted")
    assert not spot.succeeded
    assert (account.run_id, account.succeeded) == (None, False)
    assert [(asset.asset, asset.state) for asset in account.assets] == [("counted", "skipped")]
    assert str(account.message).startswith("Not started, since the research of no instrument holds (GC, XAUUSD)")
    assert "Gate trading_days/bar_counts of XAUUSD does not hold" in account.left_out["XAUUSD"]


def test_up_to_a_research_asset_no_account_runs(landed_home: Home) -> None:
    (summary,) = run_graph(landed_home, load_catalogue(), ["GC"], to="bars_1m")
    assert summary.scope == "GC"


def test_an_unknown_account_is_an_error_before_anything_is_built(landed_home: Home) -> None:
    with pytest.raises(ConfigurationError, match=r"Unknown account 'mine'\. Known: 25k, 50k"):
        run_graph(landed_home, load_catalogue(), account="mine")
    assert not Lake(landed_home.lake_url).exists("bars_1m", "GC")
    assert "Unknown account 'mine'" in build(landed_home, "counted", account="mine")


def test_a_run_without_the_tag_is_the_default_accounts(built_home: Home) -> None:
    assert build(built_home, "counted") == ""
    assert Lake(built_home.lake_url).scopes("counted") == ["25k"]


def test_what_was_read_of_which_instrument_is_recorded_and_shown_to_gates(built_home: Home) -> None:
    assert build(built_home, "counted", "remarked") == ""
    lake = Lake(built_home.lake_url)
    inputs = inputs_of(built_home, "counted")
    assert set(inputs) == {
        *("bars_1m:XAUUSD", "trading_days:XAUUSD", "validated_setups:XAUUSD"),
        *("counted_days", "catalogue", "instruments"),
    }
    assert inputs["bars_1m:XAUUSD"] == lake.snapshot("bars_1m", "XAUUSD").content_hash
    assert inputs["counted_days"] == lake.snapshot("counted_days", "25k").content_hash
    assert inputs["instruments"] == "XAUUSD"
    assert set(inputs_of(built_home, "remarked")) == {"counted", "counted_days", "catalogue"}
    with open_instance(built_home) as instance:
        event: Any = instance.get_latest_asset_check_evaluation_record(
            dg.AssetCheckKey(dg.AssetKey("counted"), "some")
        ).event.dagster_event
        facts = event.asset_check_evaluation_data.metadata
    assert "bars_1m:XAUUSD, counted, counted_days, trading_days:XAUUSD" in facts["tables"].value
    assert int(facts["days"].value) > 50


def test_a_failed_gate_of_an_account_stops_what_reads_it_until_it_is_waived(built_home: Home) -> None:
    override(built_home, "accounts.yaml", FEW_CONTRACTS)
    build(built_home, "counted")
    refusal = build(built_home, "remarked")
    assert "Gate counted/some of 25k does not hold: 5 contracts, 10 expected." in refusal
    assert "repeat `orb run --account 25k --to counted`, or `orb waive counted some --account 25k" in refusal
    assert build(built_home, "counted", account="50k") == "", "another account's gate is another one's"
    waive(built_home, "counted", "some", "25k")
    waive(built_home, "remarked", "some", "25k")
    assert build(built_home, "remarked") == ""
    assert [waiver.scope for waiver in statuses(built_home)["remarked"].waivers] == ["25k", "25k"]


def test_a_waiver_of_an_instrument_is_inherited_by_the_account_and_blocks_it_when_it_is_over(
    landed_home: Home,
) -> None:
    override(landed_home, "research.yaml", THIN_DAYS_FAIL)
    waive(landed_home, "trading_days", "bar_counts", "XAUUSD")
    _, account = run_graph(landed_home, load_catalogue(landed_home.catalogue), ["XAUUSD"])
    assert account.succeeded
    assert [waiver.scope for asset in account.assets for waiver in asset.waivers] == ["XAUUSD", "XAUUSD"]
    with Warehouse(landed_home.warehouse).transaction() as connection:
        connection.execute("update waivers set until = date '2020-01-01'")
    refusal = build(landed_home, "remarked")
    assert "counted of 25k was built on trading_days:XAUUSD, whose gate bar_counts failed" in refusal
    assert "`orb waive trading_days bar_counts --instrument XAUUSD" in refusal
    assert statuses(landed_home)["counted"].blocked == "trading_days/bar_counts of XAUUSD"
    assert statuses(landed_home)["remarked"].blocked == "trading_days/bar_counts of XAUUSD"
    holding = holding_instruments(Workshop(landed_home, load_catalogue(landed_home.catalogue)))
    assert holding.symbols == ()
    assert "Gate trading_days/bar_counts of XAUUSD does not hold" in holding.refused["XAUUSD"]


def test_an_instrument_built_from_contents_that_do_not_belong_together_is_left_out(built_home: Home) -> None:
    workshop = Workshop(built_home, load_catalogue())
    assert holding_instruments(workshop).symbols == ("XAUUSD",)
    override(built_home, "instruments.yaml", "instruments: {XAUUSD: {commission: 5}}")
    found = holding_instruments(Workshop(built_home, load_catalogue(built_home.catalogue)))
    assert "was built from another catalogue than the present one" in found.refused["XAUUSD"]


def test_what_an_account_reads_must_belong_together_across_scopes(built_home: Home) -> None:
    build(built_home, "counted")
    override(built_home, "accounts.yaml", "accounts: {25k: {equity: 26000}}")
    assert "counted of 25k was built from another catalogue than the present one" in build(built_home, "remarked")
    assert build(built_home, "counted") == ""
    lake = Lake(built_home.lake_url)
    lake.write("counted_days", "25k", lake.read("counted_days", "25k").assign(days=1))
    refusal = build(built_home, "remarked")
    assert "counted_days of 25k is not the one that counted was judged with" in refusal
    assert "`orb run --account 25k --to counted`" in refusal


def test_status_shows_accounts_that_have_anything_built_and_why_it_is_stale(built_home: Home) -> None:
    assert read_status(built_home, load_catalogue(), dt.datetime.now(dt.UTC)).accounts == ()
    build(built_home, "counted", "remarked")
    assert [asset.stale for asset in statuses(built_home).values()] == [None, None]
    assert {gate.state for asset in statuses(built_home).values() for gate in asset.gates} == {"passed"}

    override(built_home, "accounts.yaml", "accounts: {25k: {equity: 26000}}")
    assert statuses(built_home)["counted"].stale == "the catalogue has changed since"
    override(built_home, "accounts.yaml", "accounts: {50k: {equity: 51000}}")
    assert statuses(built_home)["counted"].stale is None

    with Warehouse(built_home.warehouse).transaction() as connection:
        connection.execute("update validated_setups set win_rate = 1.0")
    assert statuses(built_home)["counted"].stale == "validated_setups of XAUUSD has changed since"
    assert statuses(built_home)["remarked"].stale == "counted is stale"


def test_an_account_is_stale_when_the_research_of_another_set_of_instruments_holds(built_home: Home) -> None:
    build(built_home, "counted")
    with Warehouse(built_home.warehouse).transaction() as connection:
        connection.execute(
            'update asset_builds set inputs = json_merge_patch(inputs, \'{"instruments": "GC"}\') '
            "where asset = 'counted'"
        )
    assert statuses(built_home)["counted"].stale == "the research of other instruments holds now"


def test_rows_of_the_warehouse_are_read_and_judged_like_a_table_of_the_lake(built_home: Home) -> None:
    build(built_home, "counted", "remarked")
    assert statuses(built_home)["remarked"].rows == 1
    with Warehouse(built_home.warehouse).transaction() as connection:
        connection.execute("update remarked set run_id = 'another'")
    assert statuses(built_home)["remarked"].gates[0].state == "passed", "a remark is no content"
    with Warehouse(built_home.warehouse).transaction() as connection:
        connection.execute("update remarked set setups = 0")
    assert statuses(built_home)["remarked"].gates[0].state == "never judged"


def test_status_as_json_names_accounts_and_calls_a_waivers_scope_as_the_table_does(
    built_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    build(built_home, "counted")
    waive(built_home, "remarked", "some", "25k")
    print_json(read_status(built_home, load_catalogue(), dt.datetime.now(dt.UTC)))
    status = json.loads(capsys.readouterr().out)
    assert [account["account"] for account in status["accounts"]] == ["25k"]
    assert [asset["asset"] for asset in status["accounts"][0]["assets"]] == ["counted", "remarked"]
    assert [waiver["instrument"] for waiver in status["waivers"]] == ["25k"]


@pytest.mark.parametrize(
    ("asset", "instrument", "account", "message"),
    [
        (
            "counted",
            "MGC",
            None,
            "counted belongs to an account: found --instrument MGC, expected --account NAME alone.",
        ),
        ("bars_1m", None, "25k", "bars_1m belongs to an instrument: found --account 25k, expected --instrument NAME"),
        ("counted", "MGC", "25k", "found --account 25k and --instrument MGC, expected --account NAME alone."),
        ("counted", None, None, "found neither --instrument nor --account, expected --account NAME alone."),
        ("count", None, "25k", "Unknown asset 'count'."),
    ],
)
def test_a_waiver_names_exactly_what_the_asset_belongs_to(
    asset: str, instrument: str | None, account: str | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        scope_to_waive(asset, instrument, account)
    assert message in str(caught.value)


def test_a_waiver_of_an_unknown_account_is_refused(home: Home) -> None:
    assert scope_to_waive("counted", None, "mine") == "mine"
    with pytest.raises(ConfigurationError, match="Unknown account 'mine'"):
        waive(home, "counted", "some", "mine")
