"""Tearsheets of an account: pages under the home's reports, and the same figures as metadata of assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orb_pipeline.catalogue import Account, Instrument
from orb_pipeline.errors import InputError, MissingDataError
from orb_pipeline.execution.limits import limit_effects
from orb_pipeline.monitoring.tearsheet import plots
from orb_pipeline.monitoring.tearsheet.figures import figures_of, finished, monthly
from orb_pipeline.monitoring.tearsheet.page import Sheet, tearsheet
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.workshop import Workshop
from orb_pipeline.storage.files import appearing_whole

MODES = ("replay", "walk_forward", "paper", "live")
_ABOUT = {
    "replay": "Replay over all landed days, the days that the strategies were chosen on among them",
    "walk_forward": "Walk-forward, out of sample",
    "paper": "Paper trading",
    "live": "Live trading",
}
_TABLES = {"replay": "replay_trades", "walk_forward": "walk_forward_trades"}
_JOURNAL = "select * from trade_journal where account = ? and mode = ?"
# What a day's end has not been reached for is held against nothing yet: NULL.
_PAPER = """
select journal.*, if(found.strategy_id is null, if(days.trading_day is null, null, pnl_r), backtest_r) as unlimited_r
from trade_journal as journal
left join reconciled_days as days using (account, trading_day)
left join reconciliation as found using (account, trading_day, strategy_id)
where account = ? and mode = ?
"""
_NO_TRADES = pd.DataFrame({"strategy_id": [], "trading_day": pd.to_datetime([]), "pnl_r": []})


@dataclass(frozen=True)
class Written:
    """The pages that were written: of the portfolio, where it was asked for, and of strategies by their id."""

    portfolio: Path | None
    strategies: Mapping[str, Path]


def write_tearsheets(
    workshop: Workshop, account: Account, mode: str, strategy: str | None = None, instrument: str | None = None
) -> Written:
    """Write the page of every strategy in the account's journal, and one of all of them.

    Args:
        mode: one of MODES.
        strategy: the page of this one alone.
        instrument: only what trades this one.

    Raises:
        InputError: the mode is unknown, or the journal does not know the strategy or the instrument.
        MissingDataError: the journal has nothing of this mode.
    """
    journal = _chosen(_journal(workshop, account, mode), mode, strategy, instrument)
    folder = workshop.home.reports / "tearsheets" / f"{account.account}-{mode}"
    names = sorted(journal["strategy_id"].unique())
    files = {name: folder / f"{name}.html" for name in names}
    for name, path in files.items():
        _write(path, _sheet(workshop, name, mode, journal[journal["strategy_id"] == name]))
    if strategy is not None:
        return Written(None, files)
    title = f"{account.account}: {instrument or 'portfolio'}"
    pages = {name: path.name for name, path in files.items()}
    path = folder / f"{instrument or 'portfolio'}.html"
    _write(path, _sheet(workshop, title, mode, journal, pages))
    return Written(path, files)


def trade_facts(journal: pd.DataFrame, instruments: Mapping[str, Instrument]) -> dict[str, Any]:
    """Plots of trades and their key numbers, as metadata. None where there is no trade to show."""
    trades = finished(journal)
    numbers = {name: value for name, value in asdict(figures_of(journal, instruments)).items() if value is not None}
    if trades.empty:
        return numbers
    months = monthly(trades).round(1).rename_axis("year").reset_index()
    return {
        **numbers,
        "equity_and_drawdown": pictures.picture(plots.equity(trades), "Cumulative R and drawdown"),
        "distribution_of_r": pictures.picture(plots.distribution(trades), "Distribution of R"),
        "excursions": pictures.picture(plots.excursions(trades), "MAE against MFE"),
        "by_session_and_weekday": pictures.picture(plots.sessions_and_weekdays(trades), "R by session and weekday"),
        "r_by_month": pictures.table(months.astype(object).where(months.notna(), "")),
    }


def mode_facts(journal: pd.DataFrame) -> dict[str, float]:
    """Trades, R and expectancy of each mode of a journal, a number each."""
    trades = finished(journal)
    groups = trades.groupby(trades["mode"].astype(str))["pnl_r"]
    found: dict[str, float] = {}
    for mode, results in groups:
        found |= {f"{mode}_trades": len(results), f"{mode}_r": float(results.sum())}
        found[f"{mode}_expectancy_r"] = float(results.mean())
    return found


def _journal(workshop: Workshop, account: Account, mode: str) -> pd.DataFrame:
    """Rows of the account's journal, with `unlimited_r`; not of live trading, which nothing is held against."""
    name = account.account
    if mode not in MODES:
        message = f"Unknown mode {mode!r}; expected one of {', '.join(MODES)}."
        raise InputError(message)
    table = _TABLES.get(mode)
    if table is not None and name in workshop.lake.scopes(table):
        journal = workshop.lake.read(table, name)
    else:
        journal = workshop.warehouse.frame(_PAPER if mode == "paper" else _JOURNAL, [name, mode])
    if journal.empty:
        made_by = f"orb paper --account {name} --once" if mode == "paper" else f"orb run --account {name}"
        message = f"Account {name} has no journal of mode {mode}; `{made_by}` makes one."
        raise MissingDataError(message)
    texts = journal.select_dtypes("category").columns
    return journal.astype(dict.fromkeys(texts, "object"))


def _chosen(journal: pd.DataFrame, mode: str, strategy: str | None, instrument: str | None) -> pd.DataFrame:
    for column, wanted in (("instrument", instrument), ("strategy_id", strategy)):
        if wanted is None:
            continue
        known = sorted(journal[column].unique())
        if wanted not in known:
            message = f"{wanted!r} is not in the journal of mode {mode}. It knows: {', '.join(known)}."
            raise InputError(message)
        journal = journal[journal[column] == wanted]
    return journal


def _sheet(
    workshop: Workshop, title: str, mode: str, journal: pd.DataFrame, pages: Mapping[str, str] | None = None
) -> str:
    limits = None
    if "unlimited_r" in journal.columns:
        limits = limit_effects(journal[journal["unlimited_r"].notna()], _NO_TRADES)
    symbols = journal["instrument"].unique()
    return tearsheet(
        Sheet(
            title=title,
            about=_ABOUT[mode],
            journal=journal,
            instruments={symbol: workshop.catalogue.instrument(symbol) for symbol in symbols},
            made_at=workshop.now(),
            limits=limits,
            pages=pages,
        )
    )


def _write(path: Path, html: str) -> None:
    with appearing_whole(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
