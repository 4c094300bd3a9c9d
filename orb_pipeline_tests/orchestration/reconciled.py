"""An account on real days of spot gold: its paper days as they are stored, and what they are compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from orb_pipeline.catalogue import Account, load_catalogue
from orb_pipeline.execution.context import AccountDay
from orb_pipeline.execution.history import History, bars_in_order
from orb_pipeline.execution.journal import frame_of
from orb_pipeline.execution.look_back import LookBack
from orb_pipeline.execution.open_day import market_before
from orb_pipeline.execution.paper import PaperBar, PaperDay, trade_day
from orb_pipeline.intake.ingest import ingest_file
from orb_pipeline.intake.landed import landed_bars
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.landed_bars import LandedBars
from orb_pipeline.orchestration.landed_market import span_of
from orb_pipeline.orchestration.reconciling import ReconciledDay, reconcile_day
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.study import Study
from orb_pipeline.settings import Home
from orb_pipeline.storage.paper import StoredDay, begin_day, finish_day, merge_paper_day
from orb_pipeline_tests.execution.live import WIDE, account
from orb_pipeline_tests.execution.members import portfolio_of, whole_grid
from orb_pipeline_tests.orchestration.conftest import NOW

DAY = dt.date(2026, 3, 10)
BEGAN, FINISHED, RECONCILED = (NOW + dt.timedelta(hours=hours) for hours in (1, 2, 3))
ACCOUNT = account(limits=WIDE)
CATALOGUE = load_catalogue()
MEMBERS = whole_grid(CATALOGUE.grid, CATALOGUE.sessions_of("XAUUSD").labels, "XAUUSD")[::60]


@dataclass
class Desk:
    """A home in which an account trades finished days on paper."""

    home: Home

    @property
    def workshop(self) -> Workshop:
        return Workshop(self.home, CATALOGUE)

    def landed(self, symbol: str = "XAUUSD") -> pd.DataFrame:
        return landed_bars(self.workshop.lake, self.workshop.warehouse, symbol)

    def bars_of(self, day: dt.date = DAY, symbol: str = "XAUUSD") -> pd.DataFrame:
        first, end = span_of(number_of(day))
        landed = self.landed(symbol)
        return landed[(landed["ts_utc"] >= first) & (landed["ts_utc"] < end)]

    def trade(
        self,
        bars: pd.DataFrame,
        *,
        day: dt.date = DAY,
        members: Sequence[PortfolioStrategy] = MEMBERS,
        of: Account = ACCOUNT,
        contents: Mapping[str, str] | None = None,
        is_finished: bool = True,
    ) -> None:
        """Trade a day of one instrument on these bars, knowing what has landed of the days before."""
        symbol, number = members[0].instrument, number_of(day)
        landed, instrument = self.landed(symbol), CATALOGUE.instrument(symbol)
        before = landed[landed["ts_utc"] < span_of(number)[0]]
        sessions = CATALOGUE.sessions_of(symbol)
        market = market_before(LookBack.of(before, sessions.zone), number, sessions, CATALOGUE.grid)
        start = AccountDay(of.equity, of.equity)
        paper = PaperDay.of(portfolio_of(members), of, {symbol: instrument}, number, {symbol: market}, start)
        front = bars[bars["source_symbol"] == market.front_month]
        study = Study.of(front, instrument, sessions, CATALOGUE.grid)
        fed = [PaperBar(name, bar, 1) for name, bar in bars_in_order({symbol: History(study)}, number)]
        rows = frame_of(trade_day(paper, fed, is_over=True).entries).assign(simulated=False)
        self.begin(of, day, members, contents)
        with self.workshop.warehouse.transaction() as connection:
            merge_paper_day(connection, of.account, day, rows, run_id="paper", at=FINISHED)
            if is_finished:
                finish_day(connection, of.account, day, FINISHED)

    def begin(
        self,
        of: Account,
        day: dt.date,
        members: Sequence[PortfolioStrategy],
        contents: Mapping[str, str] | None = None,
    ) -> None:
        """Fix what a day is traded with: on the batches that had landed by then."""
        landed = "select 'landed_bars:' || instrument, max(batch)::varchar from landed_files where landed_at <= ?"
        with self.workshop.warehouse.transaction() as connection:
            batches = dict(connection.execute(f"{landed} group by all", [BEGAN]).fetchall())
        stored = StoredDay(
            account=of.account,
            trading_day=day,
            terms=of.model_dump(mode="json"),
            members=[asdict(member) for member in members],
            contents={**batches, **(contents or {})},
            equity=of.equity,
            highest_equity=of.equity,
            lost_on=None,
            began_at=BEGAN,
            finished_at=None,
            simulated=False,
        )
        with self.workshop.warehouse.transaction() as connection:
            begin_day(connection, stored)

    def land(self, bars: pd.DataFrame, name: str) -> None:
        """Ingest bars: `before` the day began, or else when it was over."""
        path = self.home.root / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        bars.to_parquet(path)
        ingest_file(self.home, CATALOGUE, path, "XAUUSD", now=NOW if name == "before" else FINISHED)

    def deliver(self, bars: pd.DataFrame, name: str) -> None:
        """Put a file where feeds do."""
        folder = self.home.landing / "XAUUSD"
        folder.mkdir(parents=True, exist_ok=True)
        bars.to_csv(folder / name, index=False)

    def reconcile(self, bars: pd.DataFrame, day: dt.date = DAY) -> ReconciledDay:
        workshop = self.workshop
        return reconcile_day(workshop, LandedBars(workshop), "25k", day, bars, RECONCILED)

    def journal(self, day: dt.date = DAY) -> pd.DataFrame:
        return self.frame("select * from trade_journal where trading_day = ? order by strategy_id", [day])

    def frame(self, query: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        return self.workshop.warehouse.frame(query, parameters)

    def execute(self, query: str, parameters: Sequence[object] = ()) -> None:
        with self.workshop.warehouse.transaction() as connection:
            connection.execute(query, list(parameters))
