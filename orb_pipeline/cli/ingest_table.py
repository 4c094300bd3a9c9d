"""What an ingest did with a file: counts, the reasons of what it rejected, and what it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from orb_pipeline.cli.console import SIMULATED, out, say, show, table
from orb_pipeline.market.reasons import Reason

if TYPE_CHECKING:
    from orb_pipeline.intake.ingest import IngestReport


def show_report(report: IngestReport) -> None:
    """One table of counts for one file, then its changes and warnings."""
    label = f"  {SIMULATED}" if report.simulated else ""
    out.print(escape(f"{report.symbol}{label}  {report.source_file}"))
    show(table(("rows", "count"), _counts(report), right=("count",)))
    if report.first_ts is not None and report.last_ts is not None:
        out.print(f"Landed {report.first_ts:%Y-%m-%d %H:%M} to {report.last_ts:%Y-%m-%d %H:%M} UTC.")
    if report.is_unchanged:
        out.print("No new bars: what is good in this file had landed before.")
    _show_changes(report)
    conflicts = report.rejected.get(Reason.CONFLICTS_WITH_LANDED_BAR, 0)
    if conflicts:
        say(f"{conflicts:,} rows disagree with bars that have landed, which stay; with --replace the rows win.")
    for warning in report.warnings:
        say(f"Warning: {warning}", style="yellow")


def _counts(report: IngestReport) -> list[tuple[str, str]]:
    counts = {
        "read": report.read,
        "landed": report.landed,
        "replaced, of the landed": report.replaced,
        "already landed": report.already_landed,
        "spreads, ignored": report.ignored,
        **{f"rejected: {reason}": count for reason, count in report.rejected.items()},
    }
    return [(name, f"{count:,}") for name, count in counts.items() if count or name in ("read", "landed")]


def _show_changes(report: IngestReport) -> None:
    if not report.replaced:
        return
    for change in report.changes:
        out.print(escape(f"  {change}"))
    if report.replaced > len(report.changes):
        out.print(f"  ... and {report.replaced - len(report.changes):,} more")
    days = ", ".join(f"{day} ({count})" for day, count in list(report.changed_days.items())[:10])
    out.print(f"{report.replaced:,} landed bars replaced on {len(report.changed_days):,} trading days: {days}")
