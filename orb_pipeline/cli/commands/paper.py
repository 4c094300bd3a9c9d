"""`orb paper`: trade on paper what has landed, once or from now on."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from orb_pipeline.cli.console import out, say
from orb_pipeline.cli.context import Context
from orb_pipeline.cli.options import Account
from orb_pipeline.errors import InputError

if TYPE_CHECKING:
    from orb_pipeline.orchestration.paper.trader import DayStep, PaperTrader, Step
    from orb_pipeline.orchestration.workshop import Workshop

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
    from orb_pipeline.orchestration.dashboard import refresh_dashboard
    from orb_pipeline.orchestration.monitoring import evaluate_alerts
    from orb_pipeline.orchestration.notifying import tell
    from orb_pipeline.orchestration.paper.lock import trading_alone
    from orb_pipeline.orchestration.paper.orders import order_desk
    from orb_pipeline.orchestration.paper.trader import PaperTrader
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    terms = here.catalogue.account(account)
    with trading_alone(here.home, terms.account, "follow" if follow else "once", here.now()):
        workshop = Workshop(here.home, here.catalogue)
        trader = PaperTrader(workshop, terms, "orb paper", order_desk(workshop, terms), asks=once)
        if once:
            step = trader.step()
            _show(step)
            evaluate_alerts(workshop, here.now())
            if any(day.is_over for day in step.days):
                refresh_dashboard(workshop, terms)
            tell(workshop)
            raise typer.Exit(1 if any(day.refused for day in step.days) else 0)
        _follow(here, workshop, trader, polling=polling)


@group.command()
def fill(
    context: typer.Context,
    strategy: Annotated[str, typer.Option(metavar="ID", help="The trade's strategy.")],
    leg: Annotated[str, typer.Option(help="What filled: entry, stop, target or close.")],
    quantity: Annotated[int, typer.Option(min=1, help="Contracts.")],
    price: Annotated[float, typer.Option(help="As the broker confirmed it.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="When, with its zone: 2026-02-09T13:45+00:00.")],
    day: Annotated[
        str | None, typer.Option(metavar="DATE", help="The trade's day, where it is not that of the fill.")
    ] = None,
    account: Account = None,
) -> None:
    """Enter a fill by hand, for an account whose orders are messages to a person."""
    from orb_pipeline.execution.brokers import Leg, ManualFill, TradeKey
    from orb_pipeline.market.trading_day import date_of, day_number
    from orb_pipeline.orchestration.paper.orders import enter_fill
    from orb_pipeline.orchestration.workshop import Workshop

    here: Context = context.obj
    name = here.catalogue.account(account).account
    try:
        filled_at, what = dt.datetime.fromisoformat(at), Leg(leg)
    except ValueError:
        known = ", ".join(item.value for item in Leg)
        message = f"Expected a time such as 2026-02-09T13:45+00:00 and one of {known}; found --at {at} and --leg {leg}."
        raise InputError(message) from None
    if filled_at.tzinfo is None:
        message = f"The time {at} has no zone; add one, such as {at}+00:00."
        raise InputError(message)
    try:
        of_day = date_of(day_number(int(filled_at.timestamp()) // 60)) if day is None else dt.date.fromisoformat(day)
    except ValueError:
        message = f"Expected a date such as 2026-02-09, found --day {day}."
        raise InputError(message) from None
    key = TradeKey(name, of_day, strategy)
    typed = ManualFill(key, what, quantity, price, filled_at)
    entered = enter_fill(Workshop(here.home, here.catalogue), typed, here.now())
    say(f"Entered: {entered.side.value} {entered.quantity} {entered.contract} at {entered.price:.10g} ({key}).")


def _follow(here: Context, workshop: Workshop, trader: PaperTrader, *, polling: bool) -> None:
    from orb_pipeline.orchestration.notifying import telling
    from orb_pipeline.orchestration.paper.follow import follow
    from orb_pipeline.stopping import stopped_by_signals

    say(f"Trading {trader.account.account} on paper from {here.home.landing}. Ctrl-C stops it.")
    with (
        _dashboard_beside(here, trader.account.account) as refresh,
        telling(workshop, after_day=refresh) as there_is_news,
        stopped_by_signals() as stop,
    ):

        def told(step: Step) -> None:
            _show(step)
            there_is_news(any(day.is_over for day in step.days))

        follow(trader, here.home, stop, told, lambda trouble: say(trouble, style="yellow"), polling=polling)
    say("Stopped.")


@contextmanager
def _dashboard_beside(here: Context, account: str) -> Iterator[Callable[[], None]]:
    """What it gives starts writing the dashboard, unless that goes on already, and returns at once.

    In a process of its own, which ends with the block: years of trades shall not stay in the memory of one that trades.
    """
    words = ["--home", str(here.home.root), "dashboard", "--account", account]
    command = [sys.executable, "-c", "from orb_pipeline.cli import main; main()", *words]
    writing: list[subprocess.Popen[bytes]] = []

    def refresh() -> None:
        if not writing or writing[-1].poll() is not None:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - ourselves
            writing[:] = [process]

    try:
        yield refresh
    finally:
        for process in writing:
            process.terminate()
            process.wait()


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
