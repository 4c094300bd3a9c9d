"""The end of `orb run`: the closing table, and the report of what research found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from orb_pipeline.cli.console import SIMULATED, out, say, show, span, table
from orb_pipeline.cli.context import Context
from orb_pipeline.storage.files import appearing_whole

if TYPE_CHECKING:
    from orb_pipeline.orchestration.run import AssetSummary, RunSummary
    from orb_pipeline.orchestration.verdicts import Verdict, Waiver

_REPORTED_ASSET = "experimental_strategies"


def show_summary(summary: RunSummary) -> None:
    """One table for one run: asset, rows, seconds, gate; then the waivers it stands on."""
    label = f"  {SIMULATED}" if any(asset.simulated for asset in summary.assets) else ""
    out.print(f"\n{summary.scope}{label}")
    show(
        table(
            ("asset", "rows", "span", "seconds", "gate"),
            (_line(asset) for asset in summary.assets),
            right=("rows", "seconds"),
        )
    )
    for waiver in _unique(waiver for asset in summary.assets for waiver in asset.waivers):
        say(
            f"Waived until {waiver.until}: {waiver.asset}/{waiver.check} of {waiver.scope} "
            f"(waiver {waiver.number}: {waiver.reason})",
            style="yellow",
        )


def show_left_out(summaries: Iterable[RunSummary]) -> None:
    """The instruments that the account's run leaves out; the reason only where no failed run tells it anyhow."""
    summaries = tuple(summaries)
    told = {summary.message for summary in summaries}
    for summary in summaries:
        for symbol, reason in summary.left_out.items():
            why = ", since its run failed." if reason in told else f": {reason}"
            say(f"{symbol} is left out of {summary.scope}{why}", style="yellow")


def gate_label(verdicts: Iterable[Verdict]) -> str:
    """`passed`, or the checks that failed, and the ones that are passed over by a waiver."""
    verdicts = tuple(verdicts)
    bad = [
        f"{verdict.check} waived" if verdict.waiver is not None else f"{verdict.check} FAILED"
        for verdict in verdicts
        if not verdict.passed
    ]
    return ", ".join(bad) if bad else (f"{len(verdicts)} passed" if verdicts else "")


def write_report(here: Context, summary: RunSummary) -> Path | None:
    """Write the research report where this run got as far as strategies; returns its path."""
    if not any(asset.asset == _REPORTED_ASSET and asset.state == "built" for asset in summary.assets):
        return None
    from orb_pipeline.monitoring.report import Gate, research_report
    from orb_pipeline.orchestration.gates.overfitting import in_words

    symbol = summary.scope
    gates = tuple(
        Gate(
            asset=verdict.asset,
            check=verdict.check,
            passed=verdict.passed,
            message=verdict.message,
            waiver=None if verdict.waiver is None else f"until {verdict.waiver.until}: {verdict.waiver.reason}",
        )
        for asset in summary.assets
        for verdict in asset.gates
    )
    page = research_report(
        instrument=symbol,
        strategies=here.lake.read(_REPORTED_ASSET, symbol),
        setups=here.warehouse.frame("select * from validated_setups where instrument = ?", [symbol]),
        trading_days=here.lake.read("trading_days", symbol, ["trading_day", "simulated"]),
        gates=gates,
        validation=here.catalogue.research.validation,
        made_at=here.now(),
        evidence=in_words(here.lake.read("research_evidence", symbol).iloc[0].to_dict()),
    )
    path = here.home.reports / f"research-{symbol}.html"
    with appearing_whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _line(asset: AssetSummary) -> tuple[str, str, str, str, str]:
    rows = "" if asset.rows is None else f"{asset.rows:,}"
    gate = gate_label(asset.gates) or asset.state
    return asset.asset, rows, span(asset.first, asset.last), f"{asset.seconds:.1f}", gate


def _unique(waivers: Iterable[Waiver]) -> list[Waiver]:
    return list({waiver.number: waiver for waiver in waivers}.values())
