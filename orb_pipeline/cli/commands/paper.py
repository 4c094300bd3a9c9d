"""`orb paper`: trade on paper what has landed, once or from now on."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from orb_pipeline.cli.console import out, say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account
from orb_pipeline.errors import InputError

if TYPE_CHECKING:
    from orb_pipeline.orchestration.paper.trader import DayStep, Step

group = typer.Typer(invoke_without_command=True, add_completion=False)


@group.callback()
def command(
    context: typer.Context,
    account: Account = None,
    once: Annotated[bool, typer.Option("--once", help="Trade what has landed, then end.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C or SIGTERM.")] = False,
    polling: Annotated[
        bool, typer.Option("--polling", help="With --follow: look at the folders, for file systems that do not tell.")
    ] = False,
) -> None:
    """Trade landed bars on paper, and write the paper journal.

    Nothing is entered unless the gates from setups to journal hold or are waived, and no CRITICAL alert is open. Exit 1
    where something stops entries; with --once only.
    """
    if context.invoked_subcommand is not None:
        return
    if once == follow:
        message = f"Expected either --once or --follow, found {'both' if once else 'neither'}."
        raise InputError(message)
    from orb_pipeline.orchestration.paper.lock import trading_alone
    from orb_pipeline.orchestration.paper.trader import PaperTrader
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    terms = here.catalogue.account(account)
    with trading_alone(here.home, terms.account, "follow" if follow else "once", here.now()):
        trader = PaperTrader(Workshop(here.home, here.catalogue), terms, "orb paper")
        if once:
            step = trader.step()
            _show(step)
            raise typer.Exit(1 if any(day.refused for day in step.days) else 0)
        _follow(here, trader, polling=polling)


def _follow(here: Context, trader: object, *, polling: bool) -> None:
    from orb_pipeline.orchestration.paper.follow import follow
    from orb_pipeline.orchestration.paper.trader import PaperTrader

    assert isinstance(trader, PaperTrader)  # noqa: S101 - made by the caller
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    say(f"Trading {trader.account.account} on paper from {here.home.landing}. Ctrl-C stops it.")
    follow(trader, here.home, stop, _show, lambda trouble: say(trouble, style="yellow"), polling=polling)
    say("Stopped.")


def _show(step: Step) -> None:
    if step.rejected:
        say(f"{step.rejected} rows rejected: `orb alerts` tells of them.", style="yellow")
    for day in step.days:
        _show_day(day)
    if not step.days:
        out.print("Nothing has landed that is not traded yet.")


def _show_day(day: DayStep) -> None:
    for entry in day.written:
        price = entry.exit_price if entry.outcome else entry.decided_price
        at = entry.exit_ts if entry.outcome else entry.decided_ts
        what = entry.outcome or ("entered" if entry.risk_check_passed else f"refused by {entry.risk_check}")
        result = "" if entry.pnl_r is None else f"  {entry.pnl_r:+.2f} R"
        out.print(f"{_time(at)}  {entry.strategy_id}  {entry.direction} {entry.contracts}  {what} {price:.10g}{result}")
    state = "over" if day.is_over else f"{day.open_trades} open"
    out.print(f"{day.trading_day}: {day.bars} bars, {state}")
    if day.refused:
        say(f"No entries: {day.refused}", style="red")


def _time(at: dt.datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
