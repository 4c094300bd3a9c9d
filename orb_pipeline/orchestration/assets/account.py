"""One account with one risk budget: what it trades, what it would have traded, and the journal of that."""

import datetime as dt

import pandas as pd

from orb_pipeline.errors import GateFailedError
from orb_pipeline.execution.account_run import run_account
from orb_pipeline.execution.results import daily_results, equity_curve
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.assets.facts import AFTER_EACH_TRADING_DAY, HEAVY, Facts, account_asset
from orb_pipeline.orchestration.bench import AccountBench
from orb_pipeline.orchestration.holding import nothing_holds
from orb_pipeline.orchestration.monitoring import evaluate_alerts
from orb_pipeline.orchestration.selecting import CANDIDATES, correlation_rows, select_portfolio, write_document
from orb_pipeline.orchestration.tearsheets import mode_facts, trade_facts
from orb_pipeline.orchestration.trading import BACKTEST, backtest_of, portfolio_of, rows_of
from orb_pipeline.storage.journal import replace_journal

GROUP = "account"


@account_asset(group=GROUP, kinds={"duckdb"}, deps=["validated_setups", "daily_features", "orb_outcomes"])
def portfolio(work: AccountBench) -> Facts:
    """Validated setups that the account trades: diversified, sized, each other one with the reason it is left out."""
    holding = work.holding()
    if not holding.symbols:
        raise GateFailedError(nothing_holds(work.scope, holding))
    chosen = select_portfolio(work.workshop.catalogue, work.account, holding.symbols, work.read_instrument)
    work.replace_beside(CANDIDATES, chosen.candidates)
    work.replace_beside("portfolio_correlations", correlation_rows(chosen))
    rows = rows_of(chosen.portfolio, simulated=work.simulated)
    stored = work.write_rows(lambda _: rows).pandas()
    document = write_document(work.workshop.home.reports, chosen.document(holding.symbols, holding.refused))
    return {
        "members": pictures.table(stored[["strategy_id", "weight", "expectancy_r", "win_rate", "sample_size"]]),
        "capital": pictures.table(chosen.capital_table()),
        "candidates": len(chosen.candidates),
        "not_taken": pictures.table(chosen.reasons_table()),
        "correlations": pictures.correlations(chosen.correlations),
        "document": str(document),
        "instruments": ", ".join(holding.symbols),
        "left_out": pictures.table(pd.DataFrame(holding.refused.items(), columns=["instrument", "reason"]))
        if holding.refused
        else None,
    }


@account_asset(group=GROUP, kinds={"parquet"}, deps=["portfolio", *BACKTEST, "experimental_strategies"], pool=HEAVY)
def replay_results(work: AccountBench) -> Facts:
    """The portfolio through engine and risk manager over all landed days, on the account's limits and sizes."""
    (members,) = work.read("portfolio")
    traded = portfolio_of(work.account, members.pandas())
    for symbol in traded.instruments:
        work.read_instrument(symbol, *BACKTEST, "experimental_strategies")  # the last is what parity samples from
    backtests = {symbol: backtest_of(symbol, work.tables, work.study) for symbol in traded.instruments}
    run = run_account(traded, work.account, backtests, on_day=work.progress)
    entries, whole = run.entries.assign(simulated=work.simulated), run.totals
    beside = work.write_beside("replay_trades", entries)
    work.write(daily_results(entries, work.account, simulated=work.simulated), span="trading_day")
    return {
        **trade_facts(entries, work.workshop.catalogue.instruments),
        "replay_hash": beside.content_hash,
        "days": len(run.result.days),
        "bars": run.result.bars,
        "halted_days": len(run.result.halts),
        "totals": pictures.table(pd.DataFrame(vars(whole).items(), columns=["figure", "value"])),
        "limits": pictures.table(run.limits),
        "by_strategy": pictures.table(run.by_strategy),
        "equity": pictures.equity(equity_curve(entries, work.account), work.account.equity),
        "pnl_r": whole.pnl_r,
        "pnl_dollars": whole.pnl_dollars,
        "max_drawdown_r": whole.max_drawdown_r,
    }


@account_asset(group=GROUP, kinds={"duckdb"}, deps=["replay_results", "walk_forward"], freshness=AFTER_EACH_TRADING_DAY)
def trade_journal(work: AccountBench) -> Facts:
    """Every trade and every refused entry of the replay and of walk-forward's tests, each in its mode."""
    work.read("replay_results", "walk_forward")
    sources = {"replay": ("replay_results", "replay_trades"), "walk_forward": ("walk_forward", "walk_forward_trades")}
    written = {mode: _replace(work, mode, work.read_beside(*source).pandas()) for mode, source in sources.items()}
    stored = work.judge_rows(span="trading_day").pandas()
    passed = stored["risk_check_passed"].astype(bool)
    counts = passed.groupby(stored["mode"]).agg(["sum", "size"])
    table = pd.DataFrame({"trades": counts["sum"], "rejections": counts["size"] - counts["sum"]}).reset_index()
    days = sum(map(len, written.values()))
    return {**mode_facts(stored), "days_written": days, "by_mode": pictures.table(table)}


@account_asset(group=GROUP, kinds={"duckdb"}, deps=["trade_journal"])
def monitor_alerts(work: AccountBench) -> Facts:
    """Alerts that stand, of the account and of none in particular, whether or not the gates further up hold."""
    changes = evaluate_alerts(work.workshop, work.workshop.now())
    stored = work.judge_rows().pandas()
    shown = stored[["alert_id", "severity", "status", "raised_at", "alert", "message"]]
    counts = stored["severity"].value_counts()
    return {
        "alerts": pictures.table(shown.astype({"raised_at": str})) if len(shown) else None,
        "critical": int(counts.get("CRITICAL", 0)),
        "warning": int(counts.get("WARNING", 0)),
        "info": int(counts.get("INFO", 0)),
        "changed_now": len(changes),
    }


def _replace(work: AccountBench, mode: str, trades: pd.DataFrame) -> list[dt.date]:
    """Make `trades` the journal of this mode; the days that were written."""
    days = trades["trading_day"].dt.date
    rows = trades.drop(columns=["unlimited_r", "fold"], errors="ignore").assign(trading_day=days)
    now = work.workshop.now()
    return replace_journal(work.workshop.warehouse, mode, work.scope, rows, run_id=work.run_id, at=now)
