"""`orb feed`: bring bars into `landing/`. One command for each source."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orb_pipeline.cli.commands.ingest import columns_of
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Instrument

if TYPE_CHECKING:
    from orb_pipeline.feeds.feed import Feed
    from orb_pipeline.feeds.history import Span
    from orb_pipeline.market.formats.raw import ReadOptions

group = typer.Typer(
    help="Bring minute bars into landing/, whole minutes only, until stopped (Ctrl-C, SIGTERM).",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Timezone = Annotated[
    str | None, typer.Option(metavar="ZONE", help="Zone of stamps that do not carry one, such as America/New_York.")
]
Column = Annotated[
    list[str] | None,
    typer.Option(metavar="ROLE=NAME", help="A column's name in the file, such as stamp=Date. May be repeated."),
]
StampFormat = Annotated[
    str | None, typer.Option(metavar="FORMAT", help="How stamps are written, such as '%d/%m/%Y %H:%M'.")
]


@group.command("csv")
def csv(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file that something appends to, or a folder of files.")],
    instrument: Instrument,
    timezone: Timezone = None,
    column: Column = None,
    stamp_format: StampFormat = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the columns. Default: recognised.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Deliver what is there and end, instead of waiting.")] = False,
) -> None:
    """Follow a file that grows, or a folder, in any layout `orb ingest` reads."""
    from orb_pipeline.feeds.csv_feed import CsvFeed

    here: Context = context.obj
    options = _options(timezone, column, stamp_format, delimiter)
    _run(here, CsvFeed(path.absolute(), here.catalogue.instrument(instrument), options, here.now, once), instrument)


@group.command("replay")
def replay(
    context: typer.Context,
    instrument: Instrument,
    file: Annotated[Path | None, typer.Argument(help="A file of bars. Default: what has landed.")] = None,
    from_home: Annotated[
        Path | None, typer.Option("--from-home", metavar="DIR", help="Replay what landed there. Default: this home.")
    ] = None,
    start: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first trading day.")
    ] = None,
    end: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last trading day.")
    ] = None,
    speed: Annotated[
        str, typer.Option(metavar="N", help="How many times as fast as it was; 0 or max: as fast as can be.")
    ] = "1",
    bars_per_file: Annotated[int, typer.Option(min=1, help="At full speed: bars delivered together.")] = 1,
    timezone: Timezone = None,
) -> None:
    """Replay history as if it came now, for rehearsals and demonstrations."""
    from orb_pipeline.feeds.history import file_history, landed_history
    from orb_pipeline.feeds.replay_feed import ReplayFeed
    from orb_pipeline.settings import Home

    here: Context = context.obj
    of, pace = here.catalogue.instrument(instrument), _speed(speed)
    if file is not None and from_home is not None:
        message = "give a FILE or --from-home, not both."
        raise typer.BadParameter(message, param_hint="--from-home")
    span = _span(start, end)
    if file is None:
        home = here.home if from_home is None else Home.at(from_home)
        history = landed_history(home, of, span)
    else:
        history = file_history(file.absolute(), of, _options(timezone, None, None, None), span)
    _run(here, ReplayFeed(history, here.now, pace, bars_per_file), instrument)


@group.command("databento")
def databento(
    context: typer.Context,
    instrument: Instrument,
    dataset: Annotated[str, typer.Option(help="Databento's code of the exchange.")] = "GLBX.MDP3",
    gateway: Annotated[str | None, typer.Option(metavar="HOST", help="Default: Databento's, for the dataset.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 13000,
) -> None:
    """Databento live minute bars of all contracts. The key comes from DATABENTO_API_KEY."""
    from orb_pipeline.feeds.databento_feed import KEY_VARIABLE, DatabentoFeed
    from orb_pipeline.feeds.keys import key_from

    here: Context = context.obj
    of = here.catalogue.instrument(instrument)
    key = key_from(os.environ, KEY_VARIABLE, "The databento feed")
    _run(here, DatabentoFeed(of, key, here.now, dataset, gateway, port), instrument)


@group.command("ib")
def ib(
    context: typer.Context,
    instrument: Instrument,
    host: Annotated[str, typer.Option(envvar="ORB_IB_HOST", help="Where TWS or IB Gateway runs.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(envvar="ORB_IB_PORT", min=1, max=65535, help="Of its API: 4002, 7497 paper; 4001, 7496 live."),
    ] = 4002,
    client_id: Annotated[int, typer.Option(min=1, help="A number that no other API client of it uses.")] = 18,
    exchange: Annotated[str | None, typer.Option(help="Where the futures are listed, such as COMEX.")] = None,
    contracts: Annotated[int, typer.Option(min=1, max=20, help="How many, nearest expiry first.")] = 3,
) -> None:
    """Interactive Brokers, through TWS or IB Gateway: five-second bars built into minutes. Read-only, no key."""
    from orb_pipeline.feeds.ib_feed import IbFeed

    here: Context = context.obj
    of = here.catalogue.instrument(instrument)
    _run(here, IbFeed(of, here.now, host, port, client_id, exchange, contracts), instrument)


def _run(here: Context, feed: Feed, symbol: str) -> None:
    """Run a feed until it ends or is stopped."""
    from orb_pipeline.cli.feed_report import FeedReport
    from orb_pipeline.feeds.landing import Landing
    from orb_pipeline.feeds.runner import Run
    from orb_pipeline.stopping import stopped_by_signals

    with Landing.held(here.home, symbol, feed.name) as landing, stopped_by_signals() as stop:
        with FeedReport(symbol, feed.name, landing.through) as report:
            run = Run(feed, landing, stop, here.now, report)
            run.until_stopped()
        report.summary(run, is_stopped=stop.is_set())


def _options(
    timezone: str | None, column: list[str] | None, stamp_format: str | None, delimiter: str | None
) -> ReadOptions:
    from orb_pipeline.market.formats.raw import ReadOptions

    columns = columns_of(column or [])
    return ReadOptions(timezone=timezone, delimiter=delimiter, columns=columns, stamp_format=stamp_format)


def _span(start: dt.datetime | None, end: dt.datetime | None) -> Span:
    from orb_pipeline.feeds.history import Span
    from orb_pipeline.market.trading_day import day_open, number_of

    if start and end and end < start:
        message = f"{end.date()} is before --start {start.date()}."
        raise typer.BadParameter(message, param_hint="--end")
    first = None if start is None else int(day_open(number_of(start.date())))
    last = None if end is None else int(day_open(number_of(end.date()) + 1))
    return Span(first, last)


def _speed(text: str) -> float | None:
    """How many minutes of the history a real minute takes; None: no waiting."""
    try:
        speed = 0.0 if text == "max" else float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        message = f"{text!r} is no speed; expected a number such as 1 or 60, 0 or max."
        raise typer.BadParameter(message, param_hint="--speed")
    return speed or None
