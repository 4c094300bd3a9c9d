"""Gates in runs that others launch: the webserver over GraphQL, and the daemon by itself.

GC's bars fail their schema (a tick the user set wrong); XAUUSD's bars are sound. Each launched run is of a downstream
asset only, so that nothing but the stored verdicts can stop it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="module")
def served(homes: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Server]]:
    home = Home.at(tmp_path_factory.mktemp("served") / "home")
    shutil.copytree(homes("landed"), home.root)
    override(home, "instruments.yaml", 'instruments: {GC: {tick: "0.30"}}')
    gold, spot = run_graph(home, load_catalogue(home.catalogue), ["GC", "XAUUSD"], to="bars_1m")
    assert (gold.succeeded, spot.succeeded) == (False, True)
    with serving(home) as server:
        yield home, server


def test_a_run_launched_over_graphql_refuses_data_whose_gate_failed(served: tuple[Home, Server]) -> None:
    home, server = served
    run = finished(home, launch_run(server, "trading_days", "GC"))
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "Gate bars_1m/schema of GC does not hold" in why(home, run)
    assert "a multiple of the tick 0.30" in why(home, run)
    assert not Lake(home.lake_url).exists("trading_days", "GC")


def test_runs_launched_by_the_daemon_build_the_sound_instrument_and_refuse_the_other(
    served: tuple[Home, Server],
) -> None:
    home, server = served
    runs = launch_backfill(home, server, "trading_days", ["GC", "XAUUSD"])
    by_symbol = {run.tags["dagster/partition"]: run for run in runs}
    assert by_symbol["GC"].status == dg.DagsterRunStatus.FAILURE
    assert "Gate bars_1m/schema of GC does not hold" in why(home, by_symbol["GC"])
    assert by_symbol["XAUUSD"].status == dg.DagsterRunStatus.SUCCESS
    assert not Lake(home.lake_url).exists("trading_days", "GC")
    assert Lake(home.lake_url).exists("trading_days", "XAUUSD")


def test_data_never_judged_are_refused_by_both(served: tuple[Home, Server]) -> None:
    home, server = served
    lake = Lake(home.lake_url)
    bars = lake.read("bars_1m", "XAUUSD")
    try:
        lake.write("bars_1m", "XAUUSD", bars.iloc[:-1])
        launched = finished(home, launch_run(server, "trading_days", "XAUUSD"))
        (by_daemon,) = launch_backfill(home, server, "trading_days", ["XAUUSD"])
    finally:
        lake.write("bars_1m", "XAUUSD", bars)
    for run in (launched, by_daemon):
        assert run.status == dg.DagsterRunStatus.FAILURE
        assert "Gate bars_1m/schema of XAUUSD has never judged the data as it is now" in why(home, run)


def test_a_waiver_lets_a_launched_run_through(served: tuple[Home, Server]) -> None:
    home, server = served
    now = dt.datetime.now(dt.UTC)
    catalogue = load_catalogue(home.catalogue)
    add_waiver(Warehouse(home.warehouse), catalogue, "bars_1m", "schema", "GC", "tick under review", now.date(), now)
    run = finished(home, launch_run(server, "trading_days", "GC"))
    assert run.status == dg.DagsterRunStatus.SUCCESS, why(home, run)
    with open_instance(home) as instance:
        record = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey("trading_days"), asset_partitions=["GC"]), limit=1
        ).records[0]
    assert record.asset_materialization is not None
    assert "tick under review" in str(record.asset_materialization.metadata["waivers"].value)


def test_a_failed_gate_is_not_tried_again(served: tuple[Home, Server]) -> None:
    home, _ = served
    with open_instance(home) as instance:
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


def launch_backfill(home: Home, server: Server, asset: str, symbols: list[str]) -> list[dg.DagsterRun]:
    """The daemon launches the runs of a backfill."""
    params = {"assetSelection": [{"path": [asset]}], "partitionNames": symbols}
    answer = server.graphql(LAUNCH_BACKFILL, {"params": params})["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    tags = dg.RunsFilter(tags={"dagster/backfill": answer["backfillId"]})

    def runs() -> Any:
        with open_instance(home) as instance:
            found = instance.get_runs(tags)
        return found if len(found) == len(symbols) and all(run.is_finished for run in found) else None

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
