"""Runs whose process was killed: a real one, with kill -9, while it holds a pool slot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import dagster as dg
import psutil
from dagster._core.events import EngineEventData

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.assets.facts import HEAVY
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.recovery import PROCESS_TAG, process_tag, recover
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.settings import Home
from orb_pipeline_tests.orchestration.serving import eventually

# A run that stops for good inside the heavy asset bars_1m.
_STUCK = """
import sys, time
from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.assets import bars
from orb_pipeline.orchestration.run import run_graph
from orb_pipeline.settings import Home

def stuck(bars):
    print("stuck", flush=True)
    time.sleep(600)

bars.front_month_bars = stuck
run_graph(Home.at(sys.argv[1]), load_catalogue(), ["GC"], to="bars_1m")
"""


def test_after_kill_9_the_next_run_goes_through(landed_home: Home) -> None:
    process = subprocess.Popen([sys.executable, "-c", _STUCK, str(landed_home.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "stuck\n"
    with open_instance(landed_home) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        assert _slots(instance) == {run.run_id}
        assert recover(instance) == [], "a run whose process lives is left alone"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (summary,) = run_graph(landed_home, load_catalogue(), ["GC"], to="bars_1m")
    assert summary.succeeded
    with open_instance(landed_home) as instance:
        failed = instance.get_run_by_id(run.run_id)
        assert failed is not None
        assert failed.status == dg.DagsterRunStatus.FAILURE
        assert _slots(instance) == set()


def test_a_process_number_that_is_used_again_is_not_mistaken(home: Home) -> None:
    with open_instance(home) as instance:
        ours, before_us = _started(instance, process_tag()), _started(instance, {PROCESS_TAG: f"{os.getpid()}@1.5"})
        assert recover(instance) == [before_us]
        assert instance.get_run_by_id(ours).status == dg.DagsterRunStatus.STARTED  # type: ignore[union-attr]


def test_a_launched_run_is_known_by_the_process_its_events_name(home: Home) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open_instance(home) as instance:
        run_id = _started(instance, {})
        assert recover(instance) == [], "nothing is known of its process"
        data = EngineEventData(metadata={"pid": dg.MetadataValue.text(str(process.pid))})
        instance.report_engine_event("Started process for run", instance.get_run_by_id(run_id), data)
        assert recover(instance) == []
        process.kill()
        process.wait()
        eventually(lambda: not psutil.pid_exists(process.pid))
        assert recover(instance) == [run_id]


def test_a_repeated_run_is_not_taken_for_the_dead_one_whose_tags_it_has(home: Home) -> None:
    with open_instance(home) as instance:
        dead = {PROCESS_TAG: f"{os.getpid()}@1.5"}
        first = _started(instance, dead)
        assert recover(instance) == [first]
        _started(instance, dead, parent_run_id=first, root_run_id=first)
        assert recover(instance) == []


def test_slots_of_runs_that_are_over_are_freed(home: Home) -> None:
    with open_instance(home) as instance:
        run_id = _started(instance, process_tag())
        instance.event_log_storage.initialize_concurrency_limit_to_default(HEAVY)
        instance.event_log_storage.claim_concurrency_slot(HEAVY, run_id, "bars_1m")
        assert recover(instance) == []
        assert _slots(instance) == {run_id}
        instance.report_run_failed(instance.get_run_by_id(run_id))  # type: ignore[arg-type]
        instance.event_log_storage.claim_concurrency_slot(HEAVY, run_id, "bars_1m")
        recover(instance)
        assert _slots(instance) == set()


def _started(instance: dg.DagsterInstance, tags: dict[str, str], **lineage: str) -> str:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def idle() -> None:
        nothing()

    run: Any = instance.create_run_for_job(idle, tags=tags, **lineage)
    instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name), run.run_id)
    return str(run.run_id)


def _slots(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.event_log_storage.get_concurrency_run_ids())
