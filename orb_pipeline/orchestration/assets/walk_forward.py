"""Walk-forward of one account: is what research promises kept on days it has not seen?"""

import pandas as pd

from orb_pipeline.errors import InputError
from orb_pipeline.orchestration import pictures
from orb_pipeline.orchestration.assets.facts import HEAVY, Facts, account_asset
from orb_pipeline.orchestration.bench import AccountBench
from orb_pipeline.orchestration.tearsheets import trade_facts
from orb_pipeline.orchestration.trading import BACKTEST
from orb_pipeline.orchestration.walking import Walk, walk
from orb_pipeline.storage.tables import WALK_FORWARD_TRADES

_KEY_NUMBERS = ("is_expectancy_r", "oos_expectancy_r", "oos_is_ratio", "account_pnl_r", "account_max_drawdown_r")


@account_asset(group="account", kinds={"duckdb"}, deps=["replay_results", "portfolio", *BACKTEST], pool=HEAVY)
def walk_forward(work: AccountBench) -> Facts:
    """Folds that discover, validate and select on their training days alone, and what became of it in the test."""
    holding = work.holding()
    work.read("portfolio", "replay_results")  # nothing is walked forward that does not replay
    for symbol in holding.symbols:
        work.read_instrument(symbol, *BACKTEST)
    catalogue = work.workshop.catalogue
    try:
        found = walk(catalogue, work.account, holding.symbols, work.tables, work.study, work.progress_of)
    except InputError as error:
        return _nothing(work, str(error))
    work.replace_beside("walk_forward_folds", found.folds.assign(account=work.scope))
    work.write_beside("walk_forward_trades", found.trades.assign(simulated=work.simulated))
    summary = found.summary.assign(account=work.scope, simulated=work.simulated)
    work.write_rows(lambda _: summary)
    return {**trade_facts(found.trades, catalogue.instruments), **_facts(found)}


def _nothing(work: AccountBench, why: str) -> Facts:
    """Too little data for one fold: empty tables, which the gate refuses in the same words."""
    work.write_beside("walk_forward_trades", WALK_FORWARD_TRADES.empty_table())
    work.replace_beside("walk_forward_folds", pd.DataFrame())
    work.write_rows(lambda rows: rows.head(0))
    return {"folds": 0, "why": why}


def _facts(found: Walk) -> Facts:
    whole = found.summary[found.summary["fold"].isna()].iloc[0]
    shown = ["fold", "test_start", "strategies_found", "strategies_selected", "strategies_kept", "is_expectancy_r"]
    shown += ["oos_expectancy_r", "oos_is_ratio", "account_pnl_r", "pbo"]
    return {
        "folds": len(found.summary) - 1,
        "by_fold": pictures.table(found.summary[shown]),
        "in_and_out_of_sample": pictures.in_and_out_of_sample(found.folds),
        "stitched": pictures.stitched(found.band),
        **{name: float(whole[name]) for name in _KEY_NUMBERS if not pd.isna(whole[name])},
    }
