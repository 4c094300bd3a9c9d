"""Gates in runs that others launch: the webserver over GraphQL, and the daemon by itself.

GC's bars fail their schema (a tick the user set wrong); XAUUSD's bars are sound. Each launched run is of a downstream
asset only, so that nothing but the stored verdicts can stop it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse
from orb_pipeline_tests.orchestration.conftest import override
from orb_pipeline_tests.orchestration.serving import Server, eventually, serving

LAUNCH_RUN = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
LAUNCH_BACKFILL = """
mutation ($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
FRESHNESS = "{ assetNodes { assetKey { path } freshnessStatusInfo { freshnessStatus } } }"


@dataclass(frozen=True)
class Served:
    home: Home
    server: Server
    backfill: str  # of trading_days for both instruments; the daemon takes it up while other tests go on


@pytest.fixture(scope="module")
def served(homes: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = Home.at(tmp_path_factory.mktemp("served") / "home")
    shutil.copytree(homes("landed"), home.root)
    override(home, "instruments.yaml", 'instruments: {GC: {tick: "0.30"}}')
    gold, spot = run_graph(home, load_catalogue(home.catalogue), ["GC", "XAUUSD"], to="bars_1m")
    assert (gold.succeeded, spot.succeeded) == (False, True)
    with serving(home) as server:
        yield Served(home, server, launch_backfill(server, "trading_days", ["GC", "XAUUSD"]))


def test_a_run_launched_over_graphql_refuses_data_whose_gate_failed(served: Served) -> None:
    run = finished(served.home, launch_run(served.server, "trading_days", "GC"))
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "Gate bars_1m/schema of GC does not hold" in why(served.home, run)
    assert "a multiple of the tick 0.30" in why(served.home, run)
    assert not Lake(served.home.lake_url).exists("trading_days", "GC")


def test_a_run_launched_over_graphql_refuses_data_never_judged(served: Served) -> None:
    lake = Lake(served.home.lake_url)
    bars = lake.read("bars_1m", "GC")
    lake.write("bars_1m", "GC", bars.iloc[:-1])
    try:
        run = finished(served.home, launch_run(served.server, "trading_days", "GC"))
    finally:
        lake.write("bars_1m", "GC", bars)
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "Gate bars_1m/schema of GC has never judged the data as it is now" in why(served.home, run)


def test_runs_launched_by_the_daemon_build_the_sound_instrument_and_refuse_the_other(served: Served) -> None:
    runs = {run.tags["dagster/partition"]: run for run in finished_backfill(served.home, served.backfill, 2)}
    assert runs["GC"].status == dg.DagsterRunStatus.FAILURE
    assert "Gate bars_1m/schema of GC" in why(served.home, runs["GC"])
    assert runs["XAUUSD"].status == dg.DagsterRunStatus.SUCCESS
    assert not Lake(served.home.lake_url).exists("trading_days", "GC")
    assert Lake(served.home.lake_url).exists("trading_days", "XAUUSD")


def test_a_waiver_lets_a_launched_run_through(served: Served) -> None:
    home, now = served.home, dt.datetime.now(dt.UTC)
    catalogue = load_catalogue(home.catalogue)
    add_waiver(Warehouse(home.warehouse), catalogue, "bars_1m", "schema", "GC", "tick under review", now.date(), now)
    run = finished(home, launch_run(served.server, "trading_days", "GC"))
    assert run.status == dg.DagsterRunStatus.SUCCESS, why(home, run)
    with open_instance(home) as instance:
        record = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey("trading_days"), asset_partitions=["GC"]), limit=1
        ).records[0]
    assert record.asset_materialization is not None
    assert "tick under review" in str(record.asset_materialization.metadata["waivers"].value)


def test_the_daemon_judges_how_fresh_bars_and_journal_are(served: Served) -> None:
    """By their policies: bars that were built a moment ago, and a journal that never was."""

    def states() -> dict[str, str]:
        found = served.server.graphql(FRESHNESS, {})["assetNodes"]
        infos = {node["assetKey"]["path"][0]: node["freshnessStatusInfo"] for node in found}
        return {name: info["freshnessStatus"] for name, info in infos.items() if info is not None}

    eventually(lambda: states().get("bars_1m") == "HEALTHY")
    assert states().keys() == {"bars_1m", "trade_journal"}
    assert states()["trade_journal"] == "UNKNOWN"


def test_a_failed_gate_is_not_tried_again(served: Served) -> None:
    with open_instance(served.home) as instance:
        retried = [run for run in instance.get_runs() if "dagster/retry_number" in run.tags]
    assert retried == []


def launch_run(server: Server, asset: str, symbol: str) -> str:
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "orb_pipeline.definitions",
        "jobName": "research_job",
        "assetSelection": [{"path": [asset]}],
    }
    tags = [{"key": "dagster/partition", "value": symbol}]
    params = {"selector": selector, "runConfigData": {}, "mode": "default", "executionMetadata": {"tags": tags}}
    answer = server.graphql(LAUNCH_RUN, {"params": params})["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def launch_backfill(server: Server, asset: str, symbols: list[str]) -> str:
    """Ask for runs that the daemon launches."""
    params = {"assetSelection": [{"path": [asset]}], "partitionNames": symbols}
    answer = server.graphql(LAUNCH_BACKFILL, {"params": params})["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


def finished_backfill(home: Home, backfill: str, count: int) -> list[dg.DagsterRun]:
    def runs() -> Any:
        with open_instance(home) as instance:
            found = instance.get_runs(dg.RunsFilter(tags={"dagster/backfill": backfill}))
        return found if len(found) == count and all(run.is_finished for run in found) else None

    return list(eventually(runs))


def finished(home: Home, run_id: str) -> dg.DagsterRun:
    def run() -> Any:
        with open_instance(home) as instance:
            found = instance.get_run_by_id(run_id)
        return found if found is not None and found.is_finished else None

    found = eventually(run)
    assert isinstance(found, dg.DagsterRun)
    return found


def why(home: Home, run: dg.DagsterRun) -> str:
    """The errors of the run's steps."""
    with open_instance(home) as instance:
        events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return " ".join(str(event.dagster_event.step_failure_data.error) for event in events if event.dagster_event)
