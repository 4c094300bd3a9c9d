"""`orb walk-forward`: a rehearsal of the folds, degradation and verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from orb_pipeline.cli.console import SIMULATED, out, say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account

_MONTHS_A_YEAR = 12


def command(
    context: typer.Context,
    account: Account = None,
    train_years: Annotated[int | None, typer.Option(min=1, help="Years each fold trains. Default: 3.")] = None,
    test_years: Annotated[
        int | None, typer.Option(min=1, help="Years each fold tests, by which the folds roll. Default: 1.")
    ] = None,
    train_months: Annotated[int | None, typer.Option(min=1, help="In place of --train-years.")] = None,
    test_months: Annotated[int | None, typer.Option(min=1, help="In place of --test-years.")] = None,
    anchored: Annotated[
        bool | None, typer.Option("--anchored/--rolling", help="Whether every fold trains from the beginning.")
    ] = None,
    embargo_days: Annotated[int | None, typer.Option(min=0, help="Days left out between training and test.")] = None,
    min_test_days: Annotated[int | None, typer.Option(min=1, help="Trading days a test needs.")] = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option("--instrument", "-i", metavar="SYMBOL", help="May be repeated. Default: all there are."),
    ] = None,
) -> None:
    """Discover, validate and select anew in every fold, then test it, writing nothing.

    Ends with a verdict. Exit 1 where the edge is not kept out of sample, or there is none to keep.
    """
    from orb_pipeline.cli import walk_forward_tables
    from orb_pipeline.cli.progress import DayProgress
    from orb_pipeline.errors import MissingDataError
    from orb_pipeline.orchestration.rehearsal import Rehearsal
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    terms = here.catalogue.account(account)
    changes = {
        "train_months": _months("train", train_years, train_months),
        "test_months": _months("test", test_years, test_months),
        "anchored": anchored,
        "embargo_days": embargo_days,
        "min_test_days": min_test_days,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    rules = here.catalogue.walk_forward.folds.model_copy(update=given)
    rehearsal = Rehearsal(Workshop(here.home, here.catalogue), terms)
    symbols, refused = rehearsal.walkable(instrument or ())
    for symbol, reason in refused.items():
        say(f"Left out: {symbol}. {reason}", style="yellow")
    if not symbols:
        message = "There is no instrument to walk forward with. Build one up to its outcomes: `orb run`."
        raise MissingDataError(message)
    with DayProgress() as progress:
        walk = rehearsal.walk_forward(symbols, rules, progress)
    label = f"  {SIMULATED}" if rehearsal.simulated else ""
    out.print(f"{terms.account}{label}: {', '.join(symbols)}")
    holds = walk_forward_tables.show_walk(walk, here.catalogue.walk_forward.gates.min_oos_is_ratio)
    raise typer.Exit(0 if holds else 1)


def _months(what: str, years: int | None, months: int | None) -> int | None:
    if years is not None and months is not None:
        message = f"--{what}-years {years} and --{what}-months {months} say the same thing twice; give one of them."
        raise typer.BadParameter(message)
    return months if years is None else years * _MONTHS_A_YEAR
