"""The portfolio as a value that survives a file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline.portfolio.model import Portfolio, PortfolioStrategy
from orb_pipeline_tests.execution.members import member, portfolio_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(
        st.builds(
            PortfolioStrategy,
            weight=NUMBERS,
            expectancy_r=NUMBERS,
            win_rate=NUMBERS,
            median_risk_points=NUMBERS,
            rr_target=NUMBERS,
        ),
        max_size=4,
    )
)
def test_json_gives_the_same_portfolio_back(strategies: list[PortfolioStrategy]) -> None:
    portfolio = portfolio_of(strategies)
    assert Portfolio.from_dict(json.loads(json.dumps(portfolio.to_dict()))) == portfolio


def test_members_keep_their_order() -> None:
    strategies = [member("1800"), member("0900"), member("0030")]
    found = Portfolio.from_dict(portfolio_of(strategies).to_dict()).strategies
    assert [strategy.orb_label for strategy in found] == ["1800", "0900", "0030"]


def test_instruments_are_named_once_in_order() -> None:
    portfolio = portfolio_of([member(instrument="MNQ"), member(), member("1000", instrument="MNQ")])
    assert portfolio.instruments == ("MGC", "MNQ")


def test_a_session_is_of_an_instrument() -> None:
    assert member("0900", instrument="MNQ").session == ("MNQ", "0900")


@pytest.mark.parametrize("place", ["portfolio", "strategy"])
@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_a_missing_or_unknown_field_is_refused_by_name(place: str, change: str) -> None:
    document = portfolio_of([member()]).to_dict()
    part = document if place == "portfolio" else document["strategies"][0]
    name = "account_equity" if place == "portfolio" else "win_rate"
    part[f"new_{name}"] = part.pop(name) if change == "missing" else part[name]
    with pytest.raises(InputError, match=f"{name} missing or unknown.*orb run --to portfolio"):
        Portfolio.from_dict(document)
