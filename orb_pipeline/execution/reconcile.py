"""The paper journal of a finished day against the backtest of that day: what differs, and where it comes from.

From a strategy's backtest to its paper trade it is four steps, and the engine goes them one by one:

| from | to | the step is |
|---|---|---|
| the backtest's trade | the engine's, on research's bars, without limits | none: both read the same rules |
| that | the engine's, on the bars that paper saw | `late_bar` or `missing_bar` |
| that | the engine's, flat by the account's time | `flat_by` |
| that | the journal | a refusal: `risk_rejection`, `halt` or `blocked` |

A cause is named only where its step changes this very trade, so that what a difference is put down to is shown, not
supposed: the bars are the cause where the engine makes the backtest's trade of research's bars and another one of
paper's. Of several steps the last one is the cause; the detail has all of them. A change that is none of these steps is
a `bug`, and so is the whole difference then, whatever else came in between.

A waived gate explains one thing only: the first step. That engine and backtest agree is what `replay_results/parity`
vouches for; where it failed and the day was traded under its waiver, a difference between these two is a `waiver`. No
other gate says anything about equality, so no other waiver explains any difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from orb_pipeline.execution.backtest import Backtest
from orb_pipeline.execution.day_trades import DayTrade, JournalledEntry, Trades, of_backtest, of_engine, of_journal
from orb_pipeline.execution.history import History
from orb_pipeline.execution.risk import BLOCKED, CHECKS, HALTED
from orb_pipeline.portfolio.model import PortfolioStrategy
from orb_pipeline.research.series import BarSeries


class Cause(StrEnum):
    """What a difference comes from; a BUG is unexplained, all others are explained.

    RISK_REJECTION: a limit of the account. HALT: entries were stopped by hand. BLOCKED: by a gate or a CRITICAL alert.
    FLAT_BY: the account had to be flat. LATE_BAR: research has bars that came too late for paper. MISSING_BAR: it has
    other bars than paper saw, landed or replaced afterwards. WAIVER: see above.
    """

    RISK_REJECTION = "risk_rejection"
    HALT = "halt"
    BLOCKED = "blocked"
    FLAT_BY = "flat_by"
    LATE_BAR = "late_bar"
    MISSING_BAR = "missing_bar"
    WAIVER = "waiver"
    BUG = "bug"


class Kind(StrEnum):
    """NOT_TRADED: the backtest's trade is missing on paper. NOT_IN_BACKTEST: an entry, taken or refused, that the
    backtest does not have. DIFFERS: a trade on both sides, not the same.
    """

    NOT_TRADED = "not_traded"
    NOT_IN_BACKTEST = "not_in_backtest"
    DIFFERS = "differs"


@dataclass(frozen=True)
class TradedDay:
    """A finished paper day.

    Attributes:
        day: days since the epoch.
        members: the portfolio it was traded with, in order.
        journal: the day's rows of `trade_journal`.
        seen: by symbol, the bars that paper knew, see `history_seen`; of every instrument of the members.
        late: by symbol, minutes (since the epoch) of the front month's bars that came too late.
        flat_by: minute by which the account was flat; None: it did not have to be.
        waiver: of the gate `replay_results/parity`, in words, where the day was traded under it.
    """

    day: int
    members: tuple[PortfolioStrategy, ...]
    journal: pd.DataFrame
    seen: Mapping[str, History]
    late: Mapping[str, frozenset[int]]
    flat_by: int | None = None
    waiver: str | None = None


@dataclass(frozen=True)
class Difference:
    """One strategy whose day is not the same on both sides; results in R, None without a trade."""

    instrument: str
    strategy_id: str
    difference: Kind
    cause: Cause
    detail: str
    paper_r: float | None
    backtest_r: float | None

    @property
    def explained(self) -> bool:
        return self.cause is not Cause.BUG


@dataclass(frozen=True)
class Reconciliation:
    """A day compared.

    Attributes:
        compared: strategies with an entry on either side.
        differences: in portfolio order.
    """

    compared: int
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(difference for difference in self.differences if not difference.explained)


def history_seen(history: History, day: int, seen: pd.DataFrame) -> History:
    """What paper knew: the bars of `history` before `day` (days since the epoch), and `seen` on it.

    Args:
        seen: the front month's bars of that day which paper was fed with, in order of time; columns of
            storage.tables.LANDED_BARS.

    Raises:
        InputError: bars of `seen` are out of order or doubled, or off the tick grid.
    """
    study = history.study
    before = study.series.part(0, int(np.searchsorted(study.series.days, day)))
    today = BarSeries.of(seen, study.instrument, study.session_set)
    names = [field.name for field in fields(BarSeries)]
    joined = {name: np.concatenate([getattr(before, name), getattr(today, name)]) for name in names}
    return History(replace(study, series=BarSeries(**joined)))


def reconcile(traded: TradedDay, backtests: Mapping[str, Backtest]) -> Reconciliation:
    """Compare every strategy of the day, to the last bit, and explain what differs.

    Args:
        backtests: by symbol, what research makes of the day now; of every instrument of the members.
    """
    expected = of_backtest(traded.members, backtests, traded.day)
    journal = of_journal(traded.journal)
    instruments = {member.strategy_id: member.instrument for member in traded.members}
    for name, row in journal.items():
        instruments.setdefault(name, row.instrument)
    cases = [_Case(name, symbol, expected.get(name), journal.get(name)) for name, symbol in instruments.items()]
    differing = [case for case in cases if case.kind is not None]
    compared = sum(case.is_entered for case in cases)
    if not differing:
        return Reconciliation(compared, ())
    steps = _Steps.of(traded, backtests)
    return Reconciliation(compared, tuple(_difference(case, steps.of_case(case)) for case in differing))


@dataclass(frozen=True)
class _Case:
    """One strategy on both sides."""

    strategy_id: str
    instrument: str
    backtest: DayTrade | None
    row: JournalledEntry | None

    @property
    def paper(self) -> DayTrade | None:
        return None if self.row is None else self.row.trade

    @property
    def is_entered(self) -> bool:
        return self.backtest is not None or self.row is not None

    @property
    def kind(self) -> Kind | None:
        """None: both sides are the same."""
        if self.backtest is None:
            return None if self.row is None else Kind.NOT_IN_BACKTEST
        if self.paper is None:
            return Kind.NOT_TRADED
        return None if self.paper == self.backtest else Kind.DIFFERS


class _Step(NamedTuple):
    cause: Cause
    sentence: str


@dataclass(frozen=True)
class _Steps:
    """The engine's trades on the way from the backtest to the journal, and what explains each step."""

    on_research: Trades
    on_seen: Trades
    until_flat: Trades
    bars: Mapping[str, _Step]
    waiver: str | None

    @classmethod
    def of(cls, traded: TradedDay, backtests: Mapping[str, Backtest]) -> _Steps:
        research = {symbol: backtest.history for symbol, backtest in backtests.items()}
        day, members = traded.day, traded.members
        return cls(
            on_research=of_engine(members, research, day),
            on_seen=of_engine(members, traded.seen, day),
            until_flat=of_engine(members, traded.seen, day, traded.flat_by),
            bars={symbol: _bars_apart(traded, symbol, history) for symbol, history in research.items()},
            waiver=traded.waiver,
        )

    def of_case(self, case: _Case) -> list[_Step]:
        """Those that change this trade, from the backtest to the journal; at least one where the sides differ."""
        name = case.strategy_id
        research, seen, flat = self.on_research.get(name), self.on_seen.get(name), self.until_flat.get(name)
        found = []
        if case.backtest != research:
            found.append(self._parting(research))
        if research != seen:
            found.append(self.bars[case.instrument])
        if seen != flat:
            found.append(_Step(Cause.FLAT_BY, "The account had to be flat before the end of the day"))
        last = _last_step(case, flat)
        return found if last is None else [*found, last]

    def _parting(self, research: DayTrade | None) -> _Step:
        """Engine and backtest differ on the same bars."""
        made = f"Of research's own bars the engine makes: {research or _NONE}"
        if self.waiver is None:
            return _Step(Cause.BUG, made)
        return _Step(Cause.WAIVER, f"{made}; the gate replay_results/parity is passed over ({self.waiver})")


_NONE = "no trade"
_REFUSALS = {**dict.fromkeys(CHECKS, Cause.RISK_REJECTION), HALTED: Cause.HALT, BLOCKED: Cause.BLOCKED}


def _last_step(case: _Case, flat: DayTrade | None) -> _Step | None:
    """From what the engine makes of the day to the journal; None where they are the same."""
    row = case.row
    is_refused = row is not None and row.trade is None
    if row is not None and is_refused and flat is not None and flat.entry == row.entry:
        if case.backtest is None:
            return None  # no trade on either side: the refusal is not what differs
        return _Step(_REFUSALS.get(str(row.check), Cause.BUG), f"Refused by {row.check}: {row.reason}")
    if not is_refused and case.paper == flat:
        return None
    return _Step(Cause.BUG, f"Of the bars that paper saw the engine makes: {flat or _NONE}")


def _bars_apart(traded: TradedDay, symbol: str, research: History) -> _Step:
    """How the day's bars differ. Where they do not, those of earlier days do, which relative volume looks back on."""
    has = {bar.minute: bar for bar in research.bars(traded.day)}
    saw = {bar.minute: bar for bar in traded.seen[symbol].bars(traded.day)}
    apart = {minute for minute in has.keys() | saw.keys() if has.get(minute) != saw.get(minute)}
    late = (apart & traded.late.get(symbol, frozenset())) - saw.keys()
    counts = {
        "came too late for paper": len(late),
        "landed after the day": len(apart - late - saw.keys()),
        "changed since": len(apart & has.keys() & saw.keys()),
        "gone since": len(apart - has.keys()),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    sentence = f"Bars of {symbol}: {told or 'those of earlier days have changed since'}"
    return _Step(Cause.LATE_BAR if apart and apart == late else Cause.MISSING_BAR, sentence)


def _difference(case: _Case, steps: list[_Step]) -> Difference:
    causes = [step.cause for step in steps]
    assert case.kind is not None  # noqa: S101 - asked of what differs
    sides = f"Backtest: {case.backtest or _NONE}. Paper: {case.row or _NONE}"
    return Difference(
        instrument=case.instrument,
        strategy_id=case.strategy_id,
        difference=case.kind,
        cause=Cause.BUG if Cause.BUG in causes else causes[-1],
        detail=". ".join([sides, *_values_apart(case), *(step.sentence.rstrip(".") for step in steps)]) + ".",
        paper_r=case.paper.pnl_r if case.paper else None,
        backtest_r=case.backtest.pnl_r if case.backtest else None,
    )


def _values_apart(case: _Case) -> list[str]:
    """A sentence that names the values in which two trades differ."""
    if case.backtest is None or case.paper is None:
        return []
    both = zip(DayTrade._fields, case.backtest, case.paper, strict=True)
    return ["They differ in " + ", ".join(name for name, expected, found in both if expected != found)]
