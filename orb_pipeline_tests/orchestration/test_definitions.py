"""What exists, by name; and that Dagster's own commands find it, from the repository as its users expect."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import dagster as dg
import psutil
import yaml
from dagster._core.definitions.freshness import CronFreshnessPolicy

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.orchestration.assets import all_assets
from orb_pipeline.orchestration.gates import ASSETS, GATES, kind_of
from orb_pipeline.orchestration.instance import REPOSITORY_STORAGE, instance_config, write_instance_config
from orb_pipeline.orchestration.rows import WAREHOUSE_TABLES
from orb_pipeline.orchestration.scope import ScopeKind
from orb_pipeline.settings import Home
from orb_pipeline.storage.tables import partition_key
from orb_pipeline_tests.orchestration.conftest import override
from orb_pipeline_tests.orchestration.serving import eventually, free_port

REPOSITORY = Path(__file__).resolve().parents[2]

NAMES = """
asset bars_1m <-
asset trading_days <- bars_1m
asset daily_features <- bars_1m
asset orb_outcomes <- bars_1m daily_features trading_days
asset experimental_strategies <- bars_1m daily_features orb_outcomes trading_days
asset validated_setups <- experimental_strategies
asset portfolio <- daily_features orb_outcomes validated_setups
asset replay_results <- bars_1m daily_features experimental_strategies orb_outcomes portfolio trading_days
asset walk_forward <- bars_1m daily_features orb_outcomes portfolio replay_results trading_days
asset trade_journal <- replay_results walk_forward
asset monitor_alerts <- trade_journal
check bars_1m/schema
check daily_features/no_lookahead
check daily_features/schema
check experimental_strategies/overfitting
check experimental_strategies/schema
check monitor_alerts/no_open_critical
check monitor_alerts/schema
check orb_outcomes/matches_reference
check orb_outcomes/no_lookahead
check orb_outcomes/schema
check portfolio/correlation
check portfolio/diversified
check portfolio/schema
check portfolio/sizes
check replay_results/parity
check replay_results/schema
check trade_journal/complete
check trade_journal/limits
check trade_journal/schema
check trading_days/bar_counts
check trading_days/schema
check validated_setups/at_least_one_setup
check validated_setups/schema
check walk_forward/no_degradation
check walk_forward/schema
job account_job
job alerts_job
job paper_trading_job
job research_job
job walk_forward_nightly
schedule alerts_every_five_minutes */5 * * * * UTC RUNNING
schedule walk_forward_nightly 20 9 * * * Australia/Brisbane RUNNING
sensor alerts_after_failure -> none every 10 s RUNNING
sensor alerts_after_success -> none every 10 s RUNNING
sensor new_bars_sensor -> paper_trading_job every 5 s RUNNING
fresh bars_1m by 0 11 * * 2-6 Australia/Brisbane
fresh trade_journal by 0 11 * * 2-6 Australia/Brisbane
"""


def test_names_of_all_there_is() -> None:
    from orb_pipeline.definitions import defs

    repository = defs.get_repository_def()
    graph = repository.asset_graph
    found = [
        f"asset {name} <- {' '.join(sorted(key.to_user_string() for key in graph.get(dg.AssetKey(name)).parent_keys))}"
        for name in ASSETS
    ]
    found += sorted(f"check {key.asset_key.to_user_string()}/{key.name}" for key in graph.asset_check_keys)
    found += [f"job {job.name}" for job in repository.get_all_jobs() if not job.name.startswith("__")]
    found += [
        f"schedule {item.name} {item.cron_schedule} {item.execution_timezone} {item.default_status.value}"
        for item in repository.schedule_defs
    ]
    found += [
        f"sensor {item.name} -> {' '.join(target.job_name for target in item.targets) or 'none'} every "
        f"{item.minimum_interval_seconds} s {item.default_status.value}"
        for item in repository.sensor_defs
    ]
    found += [
        f"fresh {spec.key.to_user_string()} by {spec.freshness_policy.deadline_cron} {spec.freshness_policy.timezone}"
        for asset in all_assets(load_catalogue())
        for spec in asset.specs
        if isinstance(spec.freshness_policy, CronFreshnessPolicy)
    ]
    assert [line.strip() for line in found] == NAMES.strip().splitlines()


def test_an_assets_gates_agree_with_its_table_on_what_it_belongs_to() -> None:
    for gate in GATES:
        assert gate.scope is kind_of(gate.asset)
        if gate.asset in WAREHOUSE_TABLES:
            assert WAREHOUSE_TABLES[gate.asset].kind is gate.scope
        else:
            assert partition_key(gate.asset) == gate.scope


def test_every_asset_carries_its_facts_and_every_gate_blocks() -> None:
    for asset in all_assets(load_catalogue()):
        (spec,) = asset.specs
        assert spec.group_name in ("market", "research", "account")
        assert spec.description
        assert spec.owners
        assert spec.kinds
        checks = {check.name: check for check in asset.check_specs}
        assert set(checks) == {gate.check for gate in GATES if gate.asset == spec.key.to_user_string()}
        assert all(check.blocking and check.description for check in checks.values())
        assert all(check.partitions_def == asset.partitions_def for check in asset.check_specs)


def test_an_instrument_of_the_user_is_a_partition_without_code(home: Home) -> None:
    override(home, "instruments.yaml", "instruments: {SILVER: " + _SILVER + "}")
    for asset in all_assets(load_catalogue(home.catalogue)):
        if kind_of(asset.key.to_user_string()) is ScopeKind.ACCOUNT:
            assert asset.partitions_def is None
            continue
        assert asset.partitions_def is not None
        assert asset.partitions_def.get_partition_keys() == ["ES", "GC", "MGC", "MNQ", "SILVER", "XAUUSD"]


_SILVER = """{name: Silver, tick: "0.005", point_value: 1000, commission: 2, spread: 5, slippage: 10, margin: 9000,
  session_set: brisbane}"""


def test_the_repositorys_and_a_homes_configuration_are_one_template(home: Home) -> None:
    assert (REPOSITORY / "dagster.yaml").read_text(encoding="utf-8") == instance_config(REPOSITORY_STORAGE)
    path = write_instance_config(home)
    assert str(home.dagster) in yaml.safe_load(path.read_text(encoding="utf-8"))["storage"]["sqlite"]["base_dir"]
    path.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    write_instance_config(home)
    assert path.read_text(encoding="utf-8") == "telemetry: {enabled: false}\n", "what a user changed stays"


def test_dagster_validates_the_workspace(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(REPOSITORY / "workspace.yaml")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stderr + done.stdout


def test_dagster_dev_at_the_repository_root_keeps_git_status_clean(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (".gitignore", "dagster.yaml", "workspace.yaml", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, copy / name)
    _git(copy, "init", "-q")
    _git(copy, "add", ".")
    port = free_port()
    environment = {**os.environ, "DAGSTER_HOME": str(copy), "PYTHONPATH": str(REPOSITORY)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)],
            cwd=copy,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_heed_ctrl_c,
        )
    try:
        eventually(lambda: f"on http://127.0.0.1:{port}" in (tmp_path / "log").read_text(encoding="utf-8"))
        family = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=30)
    assert list((copy / "orb_home" / "dagster" / "storage").rglob("runs.db"))
    assert _git(copy, "status", "--porcelain", "--untracked-files=all").replace("A  ", "").split() == [
        ".gitignore",
        "dagster.yaml",
        "pyproject.toml",
        "workspace.yaml",
    ]


def _heed_ctrl_c() -> None:
    """A shell starts what it puts in the background with SIGINT ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout
