"""No day in the journal breaks a limit: worked out again from the journal alone, by SQL, without the risk manager.

A drawdown or daily loss that open positions reached and won back is not in a journal of finished trades; what can be
seen from it is asked: no entry after the realised result had reached the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import duckdb
import pandas as pd

from orb_pipeline.catalogue import Account, Catalogue
from orb_pipeline.execution.flat import calendars_of, flat_minute
from orb_pipeline.market.trading_day import number_of
from orb_pipeline.orchestration.gates.base import Evidence, GateResult

_NAMED = 3
_SHOWN = 20


def judge(evidence: Evidence) -> GateResult:
    journal = evidence.judged
    tested = journal[journal["mode"] == "walk_forward"]
    summary = evidence.tables["walk_forward"].pandas()
    periods = summary.loc[summary["fold"].notna(), ["test_start", "test_end"]]  # the row of all spans every one of them
    tests = [tested[tested["trading_day"].between(*period)] for period in periods.itertuples(index=False)]
    outside = len(tested) - sum(map(len, tests))
    if outside:
        message = (
            f"{outside:,} of {len(tested):,} rows of walk-forward lie in no fold's test: build walk_forward again."
        )
        return GateResult(False, message, {"outside": outside})
    replayed = journal[journal["mode"] == "replay"]
    return judge_limits([replayed, *tests], evidence.account, evidence.catalogue)  # each begins with the equity


def judge_limits(runs: Sequence[pd.DataFrame], account: Account, catalogue: Catalogue) -> GateResult:
    """See the module; each of `runs` holds rows of `trade_journal` of one account that began with its equity."""
    found = [broken_limits(run, account, catalogue) for run in runs]
    broken, journal = pd.concat(found, ignore_index=True), pd.concat(runs, ignore_index=True)
    days = journal["trading_day"].nunique()
    entries = int(journal["risk_check_passed"].astype(bool).sum())
    message = f"{entries:,} entries on {days:,} days; {len(broken):,} break a limit"
    if broken.empty:
        return GateResult(True, f"{message}.", {"entries": entries, "days": days})
    named = "; ".join(
        f"{row.trading_day:%Y-%m-%d} {row.strategy_id} {row.broken}: {row.value:,.6g}, allowed {row.allowed:,.6g}"
        for row in broken.head(_NAMED).itertuples()
    )
    return GateResult(False, f"{message}: {named}.", {"entries": entries, "broken": broken.head(_SHOWN).astype(str)})


def broken_limits(journal: pd.DataFrame, account: Account, catalogue: Catalogue) -> pd.DataFrame:
    """Entries that break a limit: broken, trading_day, strategy_id, value, allowed; in order of days."""
    if journal.empty:
        return pd.DataFrame(columns=["broken", "trading_day", "strategy_id", "value", "allowed"])
    query = resources.files("orb_pipeline.orchestration.gates").joinpath("limits.sql").read_text(encoding="utf-8")
    instruments = {symbol: catalogue.instrument(symbol) for symbol in sorted(set(journal["instrument"]))}
    facts = [(symbol, float(item.tick), float(item.point_value)) for symbol, item in instruments.items()]
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("journal", journal)
        connection.register("parameters", _parameters(account))
        connection.register("facts", pd.DataFrame(facts, columns=["symbol", "tick", "point_value"]))
        connection.register("day_limits", _day_limits(journal, account, calendars_of(account, instruments)))
        return connection.execute(query).df()


def _parameters(account: Account) -> pd.DataFrame:
    firm, limits = account.prop_firm, account.limits
    row = {
        "equity": float(account.equity),
        "risk_share": account.risk_per_trade_pct / 100,
        "most_contracts": account.max_contracts,
        "max_concurrent": limits.max_concurrent_positions,
        "max_per_orb": limits.max_per_orb_positions,
        "max_daily_trades": limits.max_daily_trades,
        "halt_r": limits.halt_r,
        "max_drawdown": None if firm is None else float(firm.max_drawdown),
        "drawdown": None if firm is None else firm.drawdown,
        "daily_loss_limit": None if firm is None else firm.daily_loss_limit,
    }
    return pd.DataFrame([row]).astype({"max_drawdown": "float64", "daily_loss_limit": "float64", "drawdown": "str"})


def _day_limits(journal: pd.DataFrame, account: Account, calendars: list[str]) -> pd.DataFrame:
    """Minute by which each day of the journal has to be flat; NULL where none is set."""
    days = sorted(set(journal["trading_day"]))
    minutes = [flat_minute(account.flat_by, number_of(pd.Timestamp(day).date()), calendars) for day in days]
    stamps = [None if minute is None else pd.Timestamp(minute * 60, unit="s", tz="UTC") for minute in minutes]
    return pd.DataFrame({"trading_day": days, "flat_by": pd.Series(stamps, dtype="datetime64[us, UTC]")})
