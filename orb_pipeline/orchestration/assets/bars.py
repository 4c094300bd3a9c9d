"""Bars of closed trading days, and one row for each of those days."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from orb_pipeline.errors import MissingDataError
from orb_pipeline.intake.landed import landed_bars
from orb_pipeline.market.days import build_trading_days
from orb_pipeline.market.front_month import front_month_bars
from orb_pipeline.market.trading_day import day_open, last_closed_day, number_of, stamps_of
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.assets.facts import AFTER_EACH_TRADING_DAY, HEAVY, Facts, research_asset
from orb_pipeline.orchestration.bench import InstrumentBench
from orb_pipeline.orchestration.builds import CLOSED_DAY
from orb_pipeline.storage.tables import LANDED_BARS

GROUP = "market"


@research_asset(group=GROUP, kinds={"parquet"}, pool=HEAVY, freshness=AFTER_EACH_TRADING_DAY)
def bars_1m(work: InstrumentBench) -> Facts:
    """Minute bars of the front month, closed trading days only."""
    work.landed()
    day = last_closed_day(work.workshop.now(), work.research.gates.closing_grace_minutes)
    work.note_input(CLOSED_DAY, day.isoformat())
    bars = front_month_bars(_closed_bars(work, day.isoformat()))
    if bars.empty:
        message = (
            f"{work.symbol} has no front-month bar on a trading day closed by {day}. A trading day closes at 09:00 "
            f"Brisbane; land more bars with `orb ingest FILE --instrument {work.symbol}`."
        )
        raise MissingDataError(message)
    stored = work.write(bars, span="ts_utc")
    contracts = ", ".join(map(str, stored.pandas()["source_symbol"].unique()))
    plot = pictures.closing_prices(stored.pandas())
    return {"closed_day": day.isoformat(), "contracts": contracts, "close": plot}


@research_asset(group=GROUP, kinds={"parquet"}, deps=["bars_1m"])
def trading_days(work: InstrumentBench) -> Facts:
    """One row for each closed trading day: its front month, prices, and how complete it is."""
    (bars,) = work.read("bars_1m")
    work.landed()
    landed = _closed_bars(work, str(work.input_of("bars_1m", CLOSED_DAY)), ["ts_utc", "symbol", "source_symbol"])
    usual_days = work.research.gates.usual_days
    days = build_trading_days(landed, bars.pandas(), usual_days=usual_days, simulated=work.simulated)
    stored = work.write(days, span="trading_day")
    return {"bars_per_day": pictures.bars_per_day(stored.pandas())}


def _closed_bars(work: InstrumentBench, day: str, columns: Sequence[str] = LANDED_BARS.names) -> pd.DataFrame:
    """All landed contracts' bars up to the end of trading day `day`."""
    landed = landed_bars(work.workshop.lake, work.workshop.warehouse, work.symbol, columns)
    end = stamps_of(np.atleast_1d(day_open(number_of(pd.Timestamp(day).date()) + 1)))[0]
    return landed.iloc[: int(landed["ts_utc"].searchsorted(end))]
