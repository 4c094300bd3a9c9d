"""Homes in which accounts trade on paper: research truly built on earlier bars, later ones kept to be fed."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pandas as pd

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.market.trading_day import dates_of, day_numbers, minutes_of
from orb_pipeline.orchestration import run
from orb_pipeline.orchestration.assets import all_assets
from orb_pipeline.orchestration.gates import ACCOUNT_ASSETS, RESEARCH_ASSETS
from orb_pipeline.orchestration.instance import open_instance
from orb_pipeline.orchestration.jobs import JOBS
from orb_pipeline.orchestration.progress import Silence
from orb_pipeline.orchestration.resources import resources
from orb_pipeline.orchestration.verdicts import add_waiver
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.settings import Home
from orb_pipeline.storage.warehouse import Warehouse

BUSY, TIGHT, PROP = "25k", "tight", "prop"
"""Accounts: one that trades a lot, one whose limits are near, one under the rules of a firm, flat before the close."""

_ACCOUNTS = """
accounts:
  25k:
    equity: 250000
    limits: {max_concurrent_positions: 8, max_per_orb_positions: 4, max_daily_trades: 40}
  tight:
    name: Limits that are reached on most days
    equity: 100000
    risk_per_trade_pct: 0.5
    max_contracts: 10
    limits:
      drawdown_warning_r: -0.5
      drawdown_halt_r: -1
      max_daily_loss_r: -1
      max_concurrent_positions: 2
      max_daily_trades: 4
  prop:
    name: Trailing drawdown, a daily loss limit in dollars, flat by 15:10 of Chicago
    equity: 50000
    risk_per_trade_pct: 15.0
    max_contracts: 10
    flat_by: {time: "15:10", zone: America/Chicago}
    prop_firm:
      max_drawdown: 1500
      daily_loss_limit: 600
      drawdown: trailing
      consistency_share: 0.5
      automation_allowed: false
      source: made up for tests
      verified_on: null
"""
_PORTFOLIO = """
selection:
  min_overlap_days: 20
  max_strategies: 60
  max_per_session: 8
  preferred_correlation: 0.9
  max_correlation: 0.99
"""
FILTERS = ("NO_FILTER", "ORB_G4", "VOL_RV12_N20")
# A CRITICAL alert stops entries from the moment it is evaluated, by the clock. Here the same tape is to leave the same
# journal whoever trades it and when, so that only what a test raises itself is CRITICAL.
_MONITORING = """
alerts:
  circuit_break: {severity: WARNING}
  expr_drift: {severity: WARNING}
  feed_silent: {critical_minutes: 100000}
"""
_CATALOGUE = {
    "accounts.yaml": _ACCOUNTS,
    "portfolio.yaml": _PORTFOLIO,
    "monitoring.yaml": _MONITORING,
}


@dataclass(frozen=True)
class Desk:
    """A home that was built once, to be copied, and the bars that came after.

    Attributes:
        later: by symbol, bars by `ts_utc`, columns of a file of bars.
    """

    folder: Path
    later: Mapping[str, pd.DataFrame]

    @property
    def symbol(self) -> str:
        """The first instrument."""
        return next(iter(self.later))

    def copy(self, root: Path) -> Home:
        """The home anew, for one test."""
        ignored = shutil.ignore_patterns("dagster", "reports")
        shutil.copytree(self.folder / "home", root, ignore=ignored)
        return Home.at(root)

    def days(self, count: int, first: int = 0, symbol: str | None = None) -> pd.DataFrame:
        """Bars of `count` trading days from the one numbered `first` on, and the first bars of the day after them."""
        later = self.later[symbol or self.symbol]
        numbers = days_of(later)
        wanted = sorted(set(numbers))[first : first + count + 1]
        ends = (numbers < wanted[-1]) | ((numbers == wanted[-1]) & (_place_in_day(numbers) < 3))
        return later[(numbers >= wanted[0]) & ends].reset_index(drop=True)


def days_of(bars: pd.DataFrame) -> pd.Series[int]:
    """Trading day of each bar, days since the epoch."""
    return pd.Series(day_numbers(minutes_of(bars["ts_utc"])), index=bars.index)


def dates(bars: pd.DataFrame) -> list[dt.date]:
    """Their trading days."""
    return sorted(set(dates_of(days_of(bars).to_numpy()).tolist()))


def make_desk(
    folder: Path,
    bars: Mapping[str, pd.DataFrame],
    cut: dt.date,
    accounts: Sequence[str],
    filters: Sequence[str] = FILTERS,
) -> Desk:
    """Land the bars of trading days before `cut`, build everything on them, waive what three months cannot show.

    In `folder`; where it has been made there before, it is that.
    """
    before = {symbol: days_of(frame) < (cut - dt.date(1970, 1, 1)).days for symbol, frame in bars.items()}
    desk = Desk(
        folder, {symbol: bars[symbol][~is_before].reset_index(drop=True) for symbol, is_before in before.items()}
    )
    if not (folder / "made").exists():
        home = Home.at(folder / "home")
        shutil.rmtree(home.root, ignore_errors=True)
        home.catalogue.mkdir(parents=True)
        for name, text in {**_CATALOGUE, "grid.yaml": f"grid: {{filters: [{', '.join(filters)}]}}\n"}.items():
            (home.catalogue / name).write_text(text, encoding="utf-8")
        files = {symbol: folder / f"{symbol}.parquet" for symbol in bars}
        for symbol, file in files.items():
            bars[symbol][before[symbol]].to_parquet(file)
        _build(home, files, accounts)
        (folder / "made").touch()
    return desk


def waive(home: Home, account: str, asset: str = "walk_forward", check: str = "no_degradation") -> None:
    """Pass over a gate for a month from now."""
    now = dt.datetime.now(dt.UTC)
    until = now.date() + dt.timedelta(days=30)
    catalogue = load_catalogue(home.catalogue)
    add_waiver(Warehouse(home.warehouse), catalogue, asset, check, account, "a test", until, now)


def _build(home: Home, files: Mapping[str, Path], accounts: Sequence[str]) -> None:
    """The instruments once, then every account: `orb run` would build instruments again for each."""
    catalogue = load_catalogue(home.catalogue)
    for symbol, file in files.items():
        ingest_file(home, catalogue, file, symbol, now=dt.datetime.now(dt.UTC))
    for account in accounts:
        waive(home, account)
    recorder = run._Recorder(Silence())
    workshop = Workshop(home, catalogue, recorder)
    definitions = dg.Definitions(assets=all_assets(catalogue), jobs=JOBS, resources=resources(workshop))
    with open_instance(home) as instance:
        runner = run._Runner(definitions, instance, workshop, recorder)
        summaries = [runner.run_instrument(symbol, RESEARCH_ASSETS) for symbol in files]
        summaries += [runner.run_account(account, ACCOUNT_ASSETS) for account in accounts]
    for summary in summaries:
        assert summary.succeeded, f"{summary.scope}: {summary.message}"


def _place_in_day(numbers: pd.Series[int]) -> pd.Series[int]:
    return numbers.groupby(numbers).cumcount()
