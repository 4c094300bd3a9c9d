"""A tearsheet adds up to the journal it is made of, and is a page that needs nothing else."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.monitoring.tearsheet.figures import (
    by_session,
    by_weekday,
    costs_r,
    daily_curve,
    figures_of,
    finished,
    monthly,
)
from orb_pipeline.monitoring.tearsheet.page import Sheet, tearsheet
from orb_pipeline_tests.orchestration.journals import Journal

INSTRUMENTS = load_catalogue().instruments
MADE_AT = dt.datetime(2026, 3, 4, 5, 6, tzinfo=dt.UTC)


def a_journal() -> pd.DataFrame:
    """A day with +2 and -1, the next with -1 and a refusal, and a week after the first one +0.5."""
    journal = Journal()
    journal.trade(10, 20, r=2.0, dollars=200.0, orb_label="0900", strategy_id="A")
    journal.trade(70, 90, r=-1.0, dollars=-100.0, outcome="loss", orb_label="1000", strategy_id="B")
    journal.trade(10, 30, day=1, r=-1.0, dollars=-100.0, outcome="loss", orb_label="0900", strategy_id="A")
    journal.refused(70, day=1, orb_label="1000", strategy_id="B")
    journal.trade(10, 30, day=7, r=0.5, dollars=50.0, outcome="scratch", orb_label="0900", strategy_id="A")
    return journal.frame()


def sheet(journal: pd.DataFrame, **changes: Any) -> str:
    facts: dict[str, Any] = {
        "title": "25k: portfolio",
        "about": "Replay",
        "journal": journal,
        "instruments": INSTRUMENTS,
        "made_at": MADE_AT,
    }
    return tearsheet(Sheet(**facts | changes))


# Figures.


def test_the_figures_are_those_of_the_trades() -> None:
    found = figures_of(a_journal(), INSTRUMENTS)
    assert (found.trades, found.refused, found.total_r, found.dollars) == (4, 1, 0.5, 50.0)
    assert (found.win_rate, found.expectancy_r) == (0.5, 0.125)
    assert (found.average_win_r, found.average_loss_r, found.profit_factor) == (1.25, 1.0, 1.25)
    assert (found.max_drawdown_r, found.days_below, found.longest_losing_run) == (1.0, 2, 2)


def test_costs_are_friction_by_what_a_trade_risks() -> None:
    costs = costs_r(finished(a_journal()), INSTRUMENTS)
    assert costs.tolist() == pytest.approx([8.4 / 18.4] * 4)  # one point of MGC and the costs
    found = figures_of(a_journal(), INSTRUMENTS)
    assert found.cost_r == pytest.approx(8.4 / 18.4)
    assert found.cost_share == pytest.approx(4 * 8.4 / 18.4 / (0.5 + 4 * 8.4 / 18.4))


def test_without_trades_nothing_is_divided() -> None:
    found = figures_of(Journal().refused(10).frame(), INSTRUMENTS)
    assert (found.trades, found.refused, found.expectancy_r, found.win_rate, found.cost_share) == (
        0,
        1,
        None,
        None,
        None,
    )
    assert found.max_drawdown_r == 0.0


def test_open_trades_do_not_count_yet() -> None:
    frame = a_journal()
    frame.loc[0, ["exit_ts", "pnl_r", "pnl_dollars"]] = None
    assert figures_of(frame, INSTRUMENTS).trades == 3


def test_the_curve_is_daily_and_its_drawdown_begins_at_zero() -> None:
    curve = daily_curve(finished(Journal().trade(10, 20, r=-1.0, outcome="loss").trade(30, 40, r=0.5).frame()))
    assert curve[["pnl_r", "cumulative_r", "drawdown_r"]].to_numpy().tolist() == [[-0.5, -0.5, -0.5]]


def test_groups_add_up_to_the_whole() -> None:
    trades = finished(a_journal())
    sessions, weekdays, months = by_session(trades), by_weekday(trades), monthly(trades)
    assert sessions[["name", "trades", "total_r"]].to_numpy().tolist() == [["0900", 3, 1.5], ["1000", 1, -1.0]]
    for table in (sessions, weekdays):
        assert (table["trades"].sum(), table["total_r"].sum()) == (4, 0.5)
    assert months["total"].sum() == 0.5
    assert months.drop(columns="total").sum().sum() == 0.5
    assert list(months.columns) == [*range(1, 13), "total"]


def test_several_instruments_have_sessions_of_their_own() -> None:
    journal = Journal().trade(10, 20, orb_label="0900").trade(10, 20, orb_label="0900", instrument="MNQ")
    assert by_session(finished(journal.frame()))["name"].tolist() == ["MGC 0900", "MNQ 0900"]


# The page.


class Checker(HTMLParser):
    """Collects what the page refers to, its ids and its text; every tag that is opened must be closed."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [str(named["id"])] if "id" in named else []
        self.references += [str(value) for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == []


def checked(html: str) -> Checker:
    checker = Checker()
    checker.feed(html)
    checker.close()
    return checker


def test_the_page_is_whole_and_its_ids_are_unique() -> None:
    page = checked(sheet(a_journal(), pages={"A": "A.html"}))
    assert len(page.ids) == len(set(page.ids)) > 20
    inside = {reference for reference in page.references if reference.startswith("#")}
    assert {reference[1:] for reference in inside} <= set(page.ids)
    assert set(page.references) - inside == {"A.html"}


def test_it_needs_nothing_from_outside_and_follows_light_and_dark() -> None:
    html = sheet(a_journal())
    assert re.findall(r"https?://(?!www\.w3\.org)", html) == []
    assert "prefers-color-scheme: dark" in html
    assert "var(--curve)" in html
    assert "#33658a" not in html.split("</style>", 1)[1]


def test_it_shows_the_figures() -> None:
    journal = a_journal()
    words = "".join("".join(checked(sheet(journal)).words).split())
    weekday = journal["trading_day"].iloc[0].day_name()
    shown = ("Trades4", "Refused1", "Result+0.5R", "Winrate50.0%", "Deepestdrawdown1.0R", weekday, "max_daily_trades")
    for text in shown:
        assert text in words


def test_what_limits_cost_or_saved_is_told_where_it_is_known() -> None:
    limits = pd.DataFrame(
        [{"limit": "max_per_orb", "trades": 3, "without_limit_r": 4.0, "with_limit_r": 0.0, "effect_r": -4.0}]
    )
    assert '<span class="bad">-4.0</span>' in sheet(a_journal(), limits=limits)


def test_simulated_trades_say_so() -> None:
    assert "SIMULATED" in sheet(a_journal().assign(simulated=True))
    assert "SIMULATED" not in sheet(a_journal())


def test_names_are_taken_literally() -> None:
    html = sheet(a_journal().assign(strategy_id="<b>&"), title="<i>x", pages={"<b>&": 'a"b.html'})
    assert "<b>" not in html
    assert "<i>x" not in html
    checked(html)


def test_a_strategy_that_only_was_refused_has_a_page() -> None:
    page = checked(sheet(Journal().refused(10).frame()))
    assert "No trade has been closed." in page.words


def test_many_trades_do_not_make_a_heavy_page() -> None:
    journal = Journal()
    for day in range(700):
        journal.trade(10, 20, day=day, r=(day % 7) - 3.0, mae_r=0.1, mfe_r=0.2, orb_label="0900")
    assert len(sheet(journal.frame())) < 400_000
