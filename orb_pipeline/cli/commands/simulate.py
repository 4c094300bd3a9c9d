"""`orb simulate`: simulated bars to Parquet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orb_pipeline.cli.console import SIMULATED, say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Instrument
from orb_pipeline.cli.output_file import output_file

if TYPE_CHECKING:
    import pandas as pd


def command(
    context: typer.Context,
    instrument: Instrument,
    start: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first trading day.")
    ],
    end: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last trading day.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The Parquet file to write.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bars.")] = 1,
    breakout_drift: Annotated[
        float | None,
        typer.Option(min=0.0, help="Momentum planted after range breaks, see docs/simulator.md; 0 leaves no edge."),
    ] = None,
) -> None:
    """Make simulated minute bars. They are marked as simulated wherever they show."""
    from orb_pipeline.errors import InputError
    from orb_pipeline.market.simulator import DEFAULT_BREAKOUT_DRIFT, simulate_bars

    if out.suffix != ".parquet":
        message = f"--out {out} does not end in .parquet. Simulated bars are written as Parquet; name such a file."
        raise InputError(message)
    if end < start:
        message = f"--end {end.date()} is before --start {start.date()}. Give a span of at least one trading day."
        raise InputError(message)
    here: Context = context.obj
    catalogue = here.catalogue
    drift = DEFAULT_BREAKOUT_DRIFT if breakout_drift is None else breakout_drift
    bars = simulate_bars(
        catalogue.instrument(instrument),
        catalogue.sessions_of(instrument),
        start=start.date(),
        end=end.date(),
        seed=seed,
        breakout_drift=drift,
        orb_minutes=catalogue.grid.orb_minutes,
    )
    _write(bars, out)
    span = (
        f"{bars['ts_utc'].min():%Y-%m-%d %H:%M} to {bars['ts_utc'].max():%Y-%m-%d %H:%M} UTC" if len(bars) else "empty"
    )
    say(
        f"{SIMULATED} {instrument}: {len(bars):,} rows, {span}, seed {seed}, breakout drift {drift:g}. "
        f"Written to {out}."
    )


def _write(bars: pd.DataFrame, out: Path) -> None:
    with output_file(out) as temporary:
        bars.to_parquet(temporary, index=False, compression="zstd")
