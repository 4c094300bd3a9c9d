"""Panels, from rows to HTML: what is told of few rows, of none, and of rows that hold what an attacker would write."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from orb_pipeline.catalogue import Account
from orb_pipeline.monitoring.dashboard.markup import DOLLARS, GAIN, PRICE, SHARE, R
from orb_pipeline.monitoring.dashboard.page import dashboard_page
from orb_pipeline.monitoring.dashboard.panels import PANELS, QUERIES, against_backtest, alerts, gates, now, risk
from orb_pipeline.monitoring.dashboard.panels.freshness import STATUS
from orb_pipeline.monitoring.dashboard.panels.today import STOPPED, STRATEGIES
from orb_pipeline.monitoring.dashboard.results import DashboardData, Result, Scope
from orb_pipeline_tests.series import CATALOGUE

NOW = dt.datetime(2026, 3, 3, 8, 30, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 3)
Rows = list[dict[str, Any]]
NOTHING_USED = {
    "positions_now": 0,
    "positions_most": 0,
    "session_now": 0,
    "session_most": 0,
    "entries_now": 0,
    "realised_r_now": 0.0,
    "realised_r_worst": 0.0,
    "dollars_now": 0.0,
    "dollars_worst": 0.0,
}
ALWAYS: dict[str, Rows] = {
    "usage": [NOTHING_USED],
    "account_state": [{"equity_at_start": 50_000.0, "highest_equity": 50_000.0}],
    "today_total": [{"trades": 0, "still_open": 0, "refused": 0, "r": 0.0, "dollars": 0.0}],
    "reconciled_total": [{"days": 0, "passed": 0, "compared": 0, "unexplained": 0}],
}


def data_of(rows: Mapping[str, Rows] | None = None, *, account: str = "25k", **more: Any) -> DashboardData:
    """What queries would answer: these rows, and none for all others."""
    found = ALWAYS | dict(rows or {})
    names = [*QUERIES, STATUS, STRATEGIES, STOPPED]
    results = {name: Result(name, f"select {name}", pd.DataFrame(found.get(name, [])).astype(object)) for name in names}
    scope = Scope(CATALOGUE.account(account), DAY, "paper", NOW)
    return DashboardData(scope, results, **more)


def alert(**values: Any) -> dict[str, Any]:
    columns = ("account", "instrument", "strategy_id", "trading_day", "value", "threshold", "expected", "sample_size")
    nothing = dict.fromkeys([*columns, "chance", "acknowledged_by", "acknowledged_at"])
    told = {"alert_id": 7, "severity": "WARNING", "status": "open", "raised_at": pd.Timestamp(NOW), "alert": "drawdown"}
    return nothing | told | {"message": "a message"} | values


def gate(**values: Any) -> dict[str, Any]:
    judged = {"judged_at": pd.Timestamp(NOW), "built_at": pd.Timestamp(NOW), "waived_until": None}
    return (
        {"scope": "MGC", "asset": "bars_1m", "check_name": "schema", "passed": True, "message": "seen"}
        | judged
        | values
    )


def test_without_any_row_every_panel_says_so_and_none_fails() -> None:
    page = dashboard_page(data_of())
    assert page.count('<section class="panel') == len(PANELS)
    for words in ("No alert stands", "No gate has been judged yet", "has no member yet", "No bars have landed"):
        assert words in page


def test_simulated_bars_are_told_of_in_a_banner() -> None:
    assert 'class="banner"' not in dashboard_page(data_of())
    page = dashboard_page(data_of(simulated=("MGC",)))
    assert "<strong>SIMULATED</strong> The bars of MGC are made up." in page


def test_a_failed_gate_is_told_at_the_top() -> None:
    failed = [gate(passed=False, check_name="parity", message="3 cases differ"), gate()]
    data = data_of({"gates": failed})
    assert "3 cases differ" in gates.panel(data).html
    assert "1 failed" in gates.panel(data).state
    assert '<span class="bad">1</span>' in now.panel(data).html


def test_entries_stop_where_the_trader_would_refuse_them_and_nowhere_else() -> None:
    told: dict[str, Rows] = {
        "gates": [gate(passed=False), gate(asset="monitor_alerts", check_name="no_open_critical", passed=False)],
        "alerts": [alert(severity="CRITICAL", status="acknowledged")],
    }
    html = now.panel(data_of(told)).html
    assert "Allowed" in html
    assert "Stopped" not in html
    stops = {STOPPED: [{"kind": "account_drawdown", "reason": "the account was lost"}]}
    html = now.panel(data_of(told | stops)).html
    assert "account_drawdown: the account was lost" in html.replace("\u200b", "").replace("<wbr>", "")
    assert "Stopped" in html
    assert "Allowed" not in html


def test_a_waived_gate_is_no_failed_one() -> None:
    waived = [gate(passed=False, waived_until=pd.Timestamp("2026-04-01"))]
    data = data_of({"gates": waived})
    assert gates.failing(data["gates"]) == []
    assert "waived until 2026-04-01" in gates.panel(data).html


def test_what_stands_in_tables_cannot_become_markup() -> None:
    attack = "</script><img src=x onerror=alert(1)>\"'"
    rows: dict[str, Rows] = {
        "alerts": [alert(message=attack, alert=attack, acknowledged_by=attack, status="acknowledged")],
        "gates": [gate(passed=False, message=attack)],
        "events": [
            {
                "event_ts": pd.Timestamp(NOW),
                "event": "halt",
                "instrument": attack,
                "trading_day": None,
                "check_name": attack,
                "reason": attack,
            }
        ],
        STOPPED: [{"kind": attack, "reason": attack}],
    }
    page = dashboard_page(data_of(rows, simulated=(attack,)))
    assert "<img" not in page
    assert page.count("&lt;img") >= 6


def test_an_alert_leads_to_the_trades_it_is_about() -> None:
    about = {"account": "25k", "mode": "paper", "trading_day": pd.Timestamp(DAY), "strategy_id": "S", "alert_id": 7}
    rows = {"alerts": [alert(instrument="MGC", trading_day=pd.Timestamp(DAY))], "alert_trades": [about]}
    data = data_of(rows, pages_elsewhere="/trade/")
    html = alerts.panel(data).html
    assert 'href="/trade/25k/paper/2026-03-03/S"' in html
    assert "select * from landed_files where instrument = " in html


def used(account: str, state: Mapping[str, float] | None = None, **usage: float) -> dict[str, tuple[float, float]]:
    """Share of each limit: now and at most."""
    start = ALWAYS["account_state"][0] | dict(state or {})
    data = data_of({"usage": [NOTHING_USED | usage], "account_state": [start]}, account=account)
    return {
        item.name: (pytest.approx(item.now / item.limit), pytest.approx(item.most / item.limit))
        for item in risk.limits_used(data)
    }


def test_the_share_of_each_limit_is_told_now_and_at_most() -> None:
    found = used(
        "25k",
        positions_now=1,
        positions_most=3,
        session_now=0,
        session_most=1,
        entries_now=6,
        realised_r_now=-1.0,
        realised_r_worst=-2.5,
    )
    assert found == {
        "loss of the day, R": (0.2, 0.5),
        "open positions": (1 / 3, 1.0),
        "open in one session": (0.0, 1.0),
        "entries of the day": (0.4, 0.4),
    }


def test_gains_use_nothing_of_a_limit_of_losses() -> None:
    assert used("25k", realised_r_now=2.0, realised_r_worst=0.0)["loss of the day, R"] == (0.0, 0.0)


def test_a_firms_trailing_drawdown_hangs_below_the_highest_equity() -> None:
    state = {"equity_at_start": 50_600.0, "highest_equity": 51_000.0}
    found = used("prop_50k_trailing", state, dollars_now=-100.0, dollars_worst=-600.0)
    assert found["loss of the day, dollars"] == (0.1, 0.6)
    assert found["drawdown, trailing"] == (0.25, 0.5)


def test_a_firms_static_drawdown_hangs_below_the_starting_equity() -> None:
    state = {"equity_at_start": 99_400.0, "highest_equity": 103_000.0}
    found = used("prop_100k_static", state, dollars_now=-300.0, dollars_worst=-900.0)
    assert found["drawdown, static"] == (0.3, 0.5)


def compared(**values: Any) -> dict[str, Any]:
    row = {
        "position": 1,
        "strategy_id": "S",
        "sample_size": 400,
        "backtest_win_rate": 0.5,
        "backtest_expectancy_r": 0.4,
        "mode": "paper",
        "trades": 60,
        "wins": 30,
        "win_rate": 0.5,
        "expectancy_r": 0.35,
        "deviation_r": 1.3,
        "total_r": 21.0,
    }
    return row | values


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({}, "as backtest"),
        ({"expectancy_r": -0.4}, "below backtest"),
        ({"expectancy_r": 1.2}, "above backtest"),
        ({"wins": 12, "win_rate": 0.2}, "below backtest"),
        ({"trades": 5, "wins": 2}, "too few trades"),
        ({"trades": 0, "wins": None, "expectancy_r": None, "win_rate": None, "mode": None}, "too few trades"),
        ({"trades": 12, "wins": 0, "win_rate": 0.0, "expectancy_r": -1.0, "deviation_r": 0.0}, "below backtest"),
    ],
)
def test_the_verdict_says_where_the_backtest_lies(values: dict[str, Any], verdict: str) -> None:
    assert verdict in against_backtest.panel(data_of({"against_backtest": [compared(**values)]})).html


def test_the_methods_are_named() -> None:
    html = against_backtest.panel(data_of({"against_backtest": [compared()]})).html
    assert "Student" in html
    assert "Wilson" in html
    assert "lie outside by chance" in html


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (R, -1.0, "\u22121.00"),
        (R, 0.6, "+0.60"),
        (R, -0.001, "0.00"),
        (SHARE, 0.4567, "45.7 %"),
        (PRICE, 2034.1, "2034.1"),
        (DOLLARS, -1234.5, "\u2212$1,234"),
        (GAIN, 1234.6, "+$1,235"),
    ],
)
def test_numbers_are_written_as_people_read_them(form: Any, value: float, text: str) -> None:
    assert form.text(value) == text


def test_queries_are_filled_with_the_account_and_the_day() -> None:
    scope = Scope(CATALOGUE.account("25k"), DAY, "paper", NOW)
    for query in QUERIES.values():
        assert "{" not in scope.filled(query)
    assert scope.filled("{account} {day} {mode}") == "'25k' date '2026-03-03' 'paper'"
    assert dataclasses.replace(scope, day=None).filled("{day}") == "null::date"


def test_an_account_is_named_so_that_it_can_stand_in_a_query() -> None:
    with pytest.raises(ValueError, match="account"):
        Account.model_validate(CATALOGUE.account("25k").model_dump() | {"account": "x' or '1"})
