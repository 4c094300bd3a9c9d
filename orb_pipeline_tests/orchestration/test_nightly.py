"""The nightly run goes through the whole graph in order, and fails where a gate does not hold."""

from __future__ import annotations

import dagster as dg
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.nightly import walk_forward_nightly_job
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline_tests.orchestration.conftest import override


def nightly(home: Home) -> tuple[bool, list[str]]:
    """Whether the run succeeded, and the scopes of the runs beside it, in the order in which they began."""
    workshop = Workshop(home, load_catalogue(home.catalogue))
    with open_instance(home) as instance:
        result = walk_forward_nightly_job.execute_in_process(
            instance=instance, resources=resources(workshop), raise_on_error=False
        )
        runs = instance.get_run_records(order_by="create_timestamp", ascending=True)
        inner = [run.dagster_run for run in runs if run.dagster_run.run_id != result.run_id]
        scopes = [run.tags.get("dagster/partition") or run.tags["orb/account"] for run in inner]
        assert all(run.is_finished for run in inner)
        return result.success, scopes


@pytest.fixture
def home_with_folds(landed_home: Home) -> Home:
    """Folds of months, and a gate that asks for nothing but that something was tested."""
    folds = "folds: {train_months: 2, test_months: 1, min_test_days: 10}\ngates: {min_oos_is_ratio: 0}"
    override(landed_home, "walk_forward.yaml", folds)
    override(landed_home, "portfolio.yaml", "gates: {parity_sample: 20}")
    return landed_home


def test_every_instrument_and_then_the_account_and_a_failed_gate_fails_the_night(home_with_folds: Home) -> None:
    """GC finds no setup and ends at its gate; XAUUSD goes on to the account, whose walk-forward keeps no edge.

    The account's alerts are published in a run of their own, which no gate holds up.
    """
    success, scopes = nightly(home_with_folds)
    assert scopes == ["GC", "XAUUSD", "25k", "25k"]
    assert not success


def test_its_one_step_does_not_start_where_nothing_has_landed(home: Home) -> None:
    workshop = Workshop(home, load_catalogue())
    with open_instance(home) as instance, pytest.raises(Exception, match="No bars have landed"):
        walk_forward_nightly_job.execute_in_process(instance=instance, resources=resources(workshop))


def test_the_job_is_one_that_dagster_lists() -> None:
    assert isinstance(walk_forward_nightly_job, dg.JobDefinition)
    assert walk_forward_nightly_job.name == "walk_forward_nightly"
