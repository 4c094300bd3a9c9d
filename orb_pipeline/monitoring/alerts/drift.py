"""A strategy's latest trades, to be held against its backtest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orb_pipeline.catalogue.monitoring import Drift
from orb_pipeline.monitoring.alerts.base import Alert, Facts, Floats, Member


@dataclass(frozen=True)
class Window:
    """The latest results of a strategy in one mode, in R, in the order in which the trades ended."""

    mode: str
    member: Member
    results: Floats

    @property
    def name(self) -> str:
        return f"{self.member.strategy_id} of {self.member.account} ({self.mode})"


def windows(facts: Facts, rule: Drift) -> Iterator[Window]:
    """Of every strategy that is traded and has enough trades."""
    over = facts.trades[facts.trades["exit_ts"].notna()].sort_values(["exit_ts", "entry_ts"], kind="stable")
    of_strategy = dict(iter(over.groupby(["account", "strategy_id"])))
    for member in facts.members:
        trades = of_strategy.get((member.account, member.strategy_id))
        if trades is None:
            continue
        for mode, rows in trades.groupby("mode"):
            results = rows["pnl_r"].to_numpy("float64")[-rule.trades :]
            if len(results) >= rule.min_trades:
                yield Window(str(mode), member, results)


def is_worth_telling(rule: Drift, chance: float | None) -> bool:
    """Whether what was seen is as unlikely as the rule asks; what is not known is told."""
    return rule.max_chance is None or chance is None or chance <= rule.max_chance


def drift_alert(
    alert: str,
    rule: Drift,
    window: Window,
    said: str,
    *,
    value: float,
    threshold: float,
    expected: float,
    chance: float | None,
) -> Alert:
    """The alert, with its weight in words; see Alert for the figures."""
    weight = "is not known" if chance is None else f"is {chance:.1%}"
    message = (
        f"{window.name}: {said}. The chance of this or worse in {len(window.results)} trades, if nothing has changed, "
        f"{weight}. Compare fills, costs and ranges with the backtest (`orb dashboard`); acknowledge it to go on, or "
        "leave the strategy out."
    )
    member = window.member
    return Alert(
        alert=alert,
        condition=f"{alert}:{window.mode}:{member.account}:{member.strategy_id}",
        severity=rule.severity,
        message=message,
        account=member.account,
        instrument=member.instrument,
        strategy_id=member.strategy_id,
        value=value,
        threshold=threshold,
        expected=expected,
        sample_size=len(window.results),
        chance=chance,
    )
