"""One test a sentence of RULES.md section 2, "Front month"."""

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.market.contracts import expiry_of
from orb_pipeline.market.front_month import Choice, front_month_bars
from orb_pipeline.market.trading_day import dates_of, day_numbers, minutes_of
from orb_pipeline_tests.data import real_data
from orb_pipeline_tests.market.bars_of_days import Day, day, landed_bars_of


def front_months(landed: pd.DataFrame) -> dict[dt.date, str]:
    bars = front_month_bars(landed)
    days = dates_of(day_numbers(minutes_of(bars["ts_utc"]))).tolist()
    pairs = sorted(set(zip(days, bars["source_symbol"].astype(str), strict=True)))
    assert len({day for day, _ in pairs}) == len(pairs), "two front months on one day"
    return dict(pairs)


def chosen(*days: Day) -> list[str | None]:
    """The front month of each day, None where it has none."""
    front = front_months(landed_bars_of(*days))
    return [front.get(day(index)) for index in range(len(days))]


def test_it_is_the_contract_with_the_highest_volume_on_the_day_before() -> None:
    days = {"MGCJ23": (120, 500), "MGCM23": (120, 100)}, {"MGCJ23": (9, 1), "MGCM23": (9, 900)}
    assert chosen(*days) == [None, "MGCJ23"]


def test_the_day_s_own_volume_has_no_say() -> None:
    first, quiet, busy = (
        {"MGCJ23": (120, 5), "MGCM23": (9, 1)},
        {"MGCJ23": (9, 1)},
        {"MGCJ23": (9, 1), "MGCM23": (9, 9)},
    )
    assert chosen(first, quiet)[1] == chosen(first, busy)[1] == "MGCJ23"


def test_the_first_day_of_data_that_hold_several_contracts_has_none() -> None:
    assert chosen({"MGCJ23": (200, 5)}, {"MGCJ23": (200, 5), "MGCM23": (9, 1)}) == [None, "MGCJ23"]


def test_a_single_contract_in_the_data_needs_no_choice() -> None:
    assert chosen({"MGCJ23": (3, 5)}, {"MGCJ23": (3, 5)}) == ["MGCJ23", "MGCJ23"]


def test_a_day_with_fewer_than_120_bars_does_not_choose() -> None:
    full, short = {"MGCJ23": (120, 9), "MGCM23": (9, 1)}, {"MGCJ23": (60, 1), "MGCM23": (59, 99)}
    assert chosen(full, short, full) == [None, "MGCJ23", "MGCJ23"]


def test_the_120_bars_are_counted_over_all_contracts() -> None:
    full, split = {"MGCJ23": (120, 9), "MGCM23": (9, 1)}, {"MGCJ23": (60, 1), "MGCM23": (60, 99)}
    assert chosen(full, split, full) == [None, "MGCJ23", "MGCM23"]


def test_before_any_day_of_120_bars_there_is_none() -> None:
    assert chosen(*[{"MGCJ23": (59, 9), "MGCM23": (60, 1)}] * 3) == [None, None, None]


def test_it_never_goes_back_to_a_contract_that_expires_earlier() -> None:
    to_june = {"MGCJ23": (120, 1), "MGCM23": (120, 9)}
    to_april = {"MGCJ23": (120, 9), "MGCM23": (120, 1)}
    assert chosen(to_june, to_april, to_april) == [None, "MGCM23", "MGCM23"]


def test_a_tie_goes_to_the_nearest_expiry() -> None:
    tie = {"MGCM23": (120, 7), "MGCJ23": (120, 7), "MGCG24": (120, 7)}
    assert chosen(tie, tie) == [None, "MGCJ23"]


def test_a_day_on_which_it_does_not_trade_has_no_front_month() -> None:
    april = {"MGCJ23": (120, 9), "MGCM23": (120, 1)}
    assert chosen(april, {"MGCM23": (200, 9)}, april) == [None, None, "MGCM23"]


def test_a_choice_that_does_not_trade_leaves_the_last_front_month_as_it_was() -> None:
    april, june = {"MGCJ23": (120, 9), "MGCM23": (120, 1)}, {"MGCJ23": (120, 1), "MGCM23": (120, 9)}
    without_june = {"MGCJ23": (120, 9)}
    assert chosen(april, june, without_june, april) == [None, "MGCJ23", None, "MGCJ23"]


def test_where_no_contract_of_the_reference_day_is_left_there_is_none() -> None:
    june, april_only = {"MGCJ23": (120, 1), "MGCM23": (120, 9)}, {"MGCJ23": (120, 9)}
    assert chosen(june, {"MGCM23": (9, 1)}, april_only, june) == [None, "MGCM23", None, None]


def test_an_undated_series_counts_as_expiring_last() -> None:
    tie = {"MGC": (120, 7), "MGCZ29": (120, 7)}
    undated = {"MGC": (120, 9), "MGCZ29": (120, 7)}
    dated = {"MGC": (120, 7), "MGCZ29": (120, 9)}
    assert chosen(tie, undated, dated, dated) == [None, "MGCZ29", "MGC", "MGC"]


def test_on_real_gold_futures_december_leads_and_a_later_hour_of_other_contracts_has_none() -> None:
    landed = pd.read_parquet(real_data("comex_gc", "2013-10.parquet"))
    october = {dt.date(2013, 10, day): "GCZ13" for day in (8, 9, 10, 11)}
    assert front_months(landed) == october


def next_front_month(landed: pd.DataFrame) -> str | None:
    """Of the day that follows."""
    return Choice.before_all(landed).after(landed).front_month


def reference(landed: pd.DataFrame) -> dict[dt.date, str]:
    """The rule, slowly, as it is written."""
    frame = landed.assign(day=(landed["ts_utc"] + pd.Timedelta(hours=1)).dt.date)
    days = sorted(frame["day"].unique())
    if frame["source_symbol"].nunique() == 1:
        return dict.fromkeys(days, str(frame["source_symbol"].iloc[0]))
    front: dict[dt.date, str] = {}
    for today in days:
        earlier = [other for other in days if other < today and (frame["day"] == other).sum() >= 120]
        if not earlier:
            continue
        volumes = frame[frame["day"] == earlier[-1]].groupby("source_symbol")["volume"].sum()
        last = front[max(front)] if front else None
        floor = expiry_of(last, "MGC") if last else dt.date.min
        ranked = sorted((-volume, expiry_of(name, "MGC"), name) for name, volume in volumes.items())
        eligible = [name for _, expiry, name in ranked if expiry >= floor]
        if eligible and eligible[0] in set(frame[frame["day"] == today]["source_symbol"]):
            front[today] = eligible[0]
    return front


CONTRACTS = ["MGC", "MGCG23", "MGCJ23", "MGCM23", "MGCG24"]
TRADED = st.tuples(st.sampled_from([1, 60, 120]), st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(CONTRACTS), TRADED, min_size=1), min_size=1, max_size=7))
def test_every_choice_is_the_one_a_slow_reading_of_the_rule_makes(days: list[Day]) -> None:
    landed = landed_bars_of(*days)
    assert front_months(landed) == reference(landed)


def test_the_bars_are_those_of_the_front_month_unchanged_and_in_order() -> None:
    landed = pd.read_parquet(real_data("comex_gc", "2013-10.parquet"))
    bars = front_month_bars(landed)
    day_of = (landed["ts_utc"] + pd.Timedelta(hours=1)).dt.date
    expected = landed[(landed["source_symbol"] == "GCZ13") & (day_of != dt.date(2013, 10, 7))]
    pd.testing.assert_frame_equal(bars, expected.reset_index(drop=True))
    assert np.all(np.diff(minutes_of(bars["ts_utc"])) > 0)


def test_the_next_day_s_front_month_is_known_before_it_opens() -> None:
    """Of every day of real futures, from the days before it alone, what the day has once it is over."""
    landed = pd.read_parquet(real_data("comex_gc", "2013-10.parquet"))
    landed = landed[landed["source_symbol"].str.fullmatch(r"GC[FGHJKMNQUVXZ]\d+")]
    days = day_numbers(minutes_of(landed["ts_utc"]))
    bars = front_month_bars(landed.reset_index(drop=True))
    found = dict(zip(day_numbers(minutes_of(bars["ts_utc"])).tolist(), bars["source_symbol"], strict=True))
    assert found
    for number in sorted(set(days.tolist()))[1:]:
        chosen = next_front_month(landed[days < number])
        traded = set(landed.loc[days == number, "source_symbol"])
        assert found.get(number) == (chosen if chosen in traded else None)


def test_one_contract_needs_no_choice_and_none_has_none() -> None:
    landed = pd.read_parquet(real_data("gold_spot_recent", "2025.parquet")).head(200)
    assert next_front_month(landed) == "XAUUSD"
    assert next_front_month(landed.head(0)) is None
