"""The research report is one page that needs nothing else, and hides neither what failed nor what is simulated."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from orb_pipeline.catalogue import load_catalogue
from orb_pipeline.monitoring.report import Gate, research_report

MADE_AT = dt.datetime(2024, 3, 5, 1, 2, tzinfo=dt.UTC)
METRICS = {
    "win_rate": 0.5,
    "stressed_expectancy_r": 0.1,
    "through_expectancy_r": None,
    "deflated_sharpe": 0.9,
    "fdr_q": 0.02,
    "max_drawdown_r": 4.0,
    "years_tested": 3,
}
NAMES = ["A_0900", "B_1000", "C_1100", "D_1800"]


def strategies(passed: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "strategy_id": NAMES,
            "sample_size": [120, 110, 10, 0],
            "expectancy_r": [0.2, -0.1, 0.4, 0.0],
            "validation_status": ["PASSED"] * passed + ["REJECTED"] * (4 - passed),
            "validation_phase": pd.Series([None] * passed + ["expectancy"] * (4 - passed), dtype="object"),
        }
    )


def setups(**changes: object) -> pd.DataFrame:
    row = {
        "strategy_id": "A_0900",
        "sample_size": 120,
        "expectancy_r": 0.2,
        "sharpe_ann": None,
        "classification": "CORE",
        "status": "active",
        "retired_at": pd.NaT,
        "retirement_reason": None,
        **METRICS,
        **changes,
    }
    return pd.DataFrame([row])


def page(**changes: object) -> str:
    arguments = {
        "instrument": "MGC",
        "strategies": strategies(),
        "setups": setups(),
        "trading_days": pd.DataFrame({"trading_day": pd.to_datetime(["2024-03-04", "2024-03-05"]), "simulated": False}),
        "gates": (Gate("bars_1m", "schema", passed=True, message="24 rules hold", waiver=None),),
        "validation": load_catalogue().research.validation,
        "made_at": MADE_AT,
        **changes,
    }
    return research_report(**arguments)  # type: ignore[arg-type]


class Balance(HTMLParser):
    """Open elements, to see that each is closed."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<rect/>` closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_element_is_closed() -> None:
    balance = Balance()
    balance.feed(page())
    assert balance.open == []


def test_it_asks_for_nothing_from_elsewhere() -> None:
    text = page()
    for outside in ("http:", "https:", "src=", "<script", "<link", "@import", "url("):
        assert outside not in text


def test_simulated_bars_are_announced_and_real_ones_are_not() -> None:
    days = pd.DataFrame({"trading_day": pd.to_datetime(["2024-03-04"]), "simulated": True})
    assert "SIMULATED" in page(trading_days=days)
    assert "SIMULATED" not in page()


def test_phases_stand_in_order_with_what_they_ask_for_and_the_numbers_tried_and_left() -> None:
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", page().split("From tried to kept")[1].split("</table>")[0])
    assert cells[:5] == ["sample_size", "at least 30 trades", "4", "0", "4"]
    assert cells[5:10] == ["expectancy", "profitable after costs", "4", "3", "1"]
    assert cells[-5:] == ["stress", "still profitable at 1.5 times the costs", "1", "0", "1"]


def test_setups_come_with_a_key_to_their_names_and_a_word_on_luck() -> None:
    text = page()
    assert "confirming closes (CB)" in text
    assert "Out of 4 strategies tried on the same bars, some look good by luck" in text


def test_an_e3_setup_shows_what_is_left_without_its_touches_and_another_a_dash() -> None:
    limit = page(setups=setups(stressed_expectancy_r=0.11, through_expectancy_r=-0.0412))
    assert '<th class="number">E3 through R</th>' in limit
    assert '<td class="number">0.110</td><td class="number">-0.041</td>' in limit
    assert '<td class="number">0.100</td><td class="number">&ndash;</td>' in page()


def test_a_failed_and_a_waived_gate_are_told_apart() -> None:
    text = page(
        gates=(
            Gate("trading_days", "bar_counts", passed=False, message="thin", waiver=None),
            Gate("trading_days", "bar_counts", passed=False, message="thin", waiver="until 2024-12-31: vendor gap"),
        )
    )
    assert '<span class="bad">failed</span>' in text
    assert '<span class="warn">waived</span> until 2024-12-31: vendor gap' in text


def test_text_from_outside_cannot_become_markup() -> None:
    text = page(gates=(Gate("a", "b", passed=False, message="<script>alert(1)</script>", waiver="<b>"),))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;" in text


def test_without_a_setup_it_says_so() -> None:
    text = page(strategies=strategies(passed=0), setups=setups().iloc[:0])
    assert "No setup is validated" in text


def test_retired_setups_show_when_and_why() -> None:
    retired = setups(
        status="retired", retired_at=pd.Timestamp("2024-03-01", tz="UTC"), retirement_reason="2024: -0.1 R"
    )
    text = page(setups=retired)
    assert "<td>2024-03-01</td><td>2024: -0.1 R</td>" in text


@pytest.mark.parametrize("sample_size", [0, 1])
def test_a_grid_with_no_or_one_trade_still_has_a_page(sample_size: int) -> None:
    one = strategies(passed=0).assign(sample_size=[sample_size, 0, 0, 0])
    text = page(strategies=one, setups=setups().iloc[:0])
    assert ("<svg" in text) == bool(sample_size)
