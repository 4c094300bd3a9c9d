"""Whatever the dashboard shows is what its queries answer, and it is sound HTML."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from orb_pipeline.monitoring.dashboard.panels import MODULES, PANELS, QUERIES
from orb_pipeline.orchestration.dashboard import write_dashboard, write_trade
from orb_pipeline.orchestration.dashboard.rows import frame_of
from orb_pipeline.settings import Home
from orb_pipeline.storage.sql import run_query
from orb_pipeline_tests.browser.homes import ACCOUNT, BARS_OF_THE_OPEN_DAY, FINISHED, OPEN, SYMBOL, workshop_of
from orb_pipeline_tests.browser.reading import Document, array, text_of

NOT_BY_SQL = {"status", "today_ranges", "today_strategies"}
Ask = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="module")
def document(dashboard: Path) -> Document:
    return Document.of(dashboard)


@pytest.fixture(scope="module")
def ask(traded_home: Home) -> Ask:
    workshop = workshop_of(traded_home)
    known: dict[str, pd.DataFrame] = {}

    def answer(query: str) -> pd.DataFrame:
        if query not in known:
            known[query] = frame_of(run_query(workshop.lake, workshop.warehouse, query).rows)
        return known[query]

    return answer


def test_the_page_is_sound_html_with_unique_ids(document: Document) -> None:
    ids = [key for element in document.root.iter() if (key := element.get("id"))]
    assert len(ids) == len(set(ids))


def test_every_panel_is_there_and_shows_each_of_its_queries(document: Document) -> None:
    sections = document.all("section", class_="panel")
    assert len([section for section in sections if "trade" not in section.get("class", "")]) == len(PANELS)
    assert set(QUERIES) - NOT_BY_SQL <= set(document.queries)


def test_every_module_of_a_panel_is_registered() -> None:
    folder = Path(MODULES[0].__file__ or "").parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == {module.__name__.rpartition(".")[2] for module in MODULES}


def test_every_value_shown_is_the_value_queried(document: Document, ask: Ask) -> None:
    queries, compared = document.queries, 0
    for element in document.root.iter("data"):
        name, row, column = element.get("data-of", "").split(":")
        if name not in queries:
            assert name in NOT_BY_SQL or name.endswith("_range")
            continue
        queried = float(ask(queries[name])[column].iloc[int(row)])
        assert float(element.get("value", "")) == queried
        assert shown_as(text_of(element), queried), (name, column, text_of(element), queried)
        compared += 1
    assert compared > 1000


def shown_as(text: str, value: float) -> bool:
    """Whether the text says the value, to the places it has."""
    bare = text.replace(",", "").replace("$", "").replace("\u2212", "-").replace("+", "")
    if bare.endswith(" %"):
        bare, value = bare[:-2], value * 100
    places = len(bare.partition(".")[2])
    return abs(float(bare) - value) <= 0.5 * 10**-places + 1e-9


def test_plots_show_what_is_queried(document: Document, ask: Ask) -> None:
    curve = ask(document.queries["curve"])
    traces = {trace["name"]: trace for trace in document.figure("plot-curve")["data"]}
    for mode, name in (("replay", "Replay"), ("paper", "Paper")):
        rows = curve[curve["mode"] == mode]
        assert array(traces[name]["y"]) == rows["cumulative_r"].tolist()
        assert traces[name]["x"] == rows["trading_day"].dt.strftime("%Y-%m-%d").tolist()
    sizes = ask(document.queries["orb_size_days"])
    plotted = [value for trace in document.figure("plot-sizes")["data"] for value in array(trace["y"])]
    assert plotted == sizes["rolling_median"].tolist()


def test_every_plot_has_words_for_those_who_do_not_see_it(document: Document) -> None:
    canvases = document.all("div", class_="canvas")
    assert len(canvases) > 5
    assert all(canvas.get("role") == "img" and len(canvas.get("aria-label", "")) > 20 for canvas in canvases)
    assert all(text_of(caption) for caption in document.root.iter("figcaption"))


def test_every_trade_of_the_day_and_of_an_alert_leads_to_its_page(document: Document, ask: Ask) -> None:
    pages = {section.get("id") for section in document.all("section", class_="trade")}
    today = ask(document.queries["today_trades"])
    about = ask(document.queries["alert_trades"])
    assert len(today) > 0
    assert len(about) > 0
    for row in pd.concat([today, about]).itertuples():
        assert f"trade={row.account}/{row.mode}/{row.trading_day:%Y-%m-%d}/{row.strategy_id}" in pages
    links = {link.get("href", "") for link in document.root.iter("a")}
    assert {f"#{page}" for page in pages} <= links


@pytest.mark.parametrize(("day", "source"), [(FINISHED, f"{FINISHED}-{SYMBOL}.parquet"), (OPEN, "0001.csv")])
def test_a_page_of_a_paper_trade_has_bars_and_source_file(document: Document, day: str, source: str) -> None:
    blocks = [block for block in document.all("script", class_="bars") if block.get("data-bars") == f"{SYMBOL}/{day}"]
    assert len(blocks) == 1
    bars = json.loads(text_of(blocks[0]))
    assert len(bars["minute"]) >= BARS_OF_THE_OPEN_DAY - 1
    pages = [page for page in document.all("section", class_="trade") if f"/paper/{day}/" in page.get("id", "")]
    assert pages
    assert all(source in text_of(page).replace("\u200b", "") for page in pages)


def test_packed_bars_are_the_bars_queried(replayed_home: Home, tmp_path: Path) -> None:
    workshop = workshop_of(replayed_home)
    frame = workshop.warehouse.frame("select * from trade_journal where pnl_r is not null order by trading_day limit 1")
    trade = frame.iloc[0]
    path = write_trade(workshop, f"{ACCOUNT}/replay/{trade['trading_day']:%Y-%m-%d}/{trade['strategy_id']}")
    document = Document.of(path)
    (block,) = document.all("script", class_="bars")
    queried = frame_of(run_query(workshop.lake, workshop.warehouse, document.queries["bars"]).rows)
    pd.testing.assert_frame_equal(unpacked(json.loads(text_of(block))), queried[["ts_utc", *PRICES]])
    for name in ("trade0_outcome", "trade0_range", "trade0_files"):
        assert len(run_query(workshop.lake, workshop.warehouse, document.queries[name]).rows) == 1
    outcome = frame_of(run_query(workshop.lake, workshop.warehouse, document.queries["trade0_outcome"]).rows)
    assert outcome["entry_price"].iloc[0] == trade["entry_price"]


PRICES = ["open", "high", "low", "close"]


def unpacked(block: dict[str, list[int]]) -> pd.DataFrame:
    """Bars as the page's script reads them."""
    minutes = pd.Series(block["minute"]).cumsum()
    moves, bodies = pd.Series(block["open"]), pd.Series(block["close"])
    closes = (moves + bodies).cumsum()
    opens = closes - bodies
    highs = pd.concat([opens, closes], axis=1).max(axis=1) + pd.Series(block["high"])
    lows = pd.concat([opens, closes], axis=1).min(axis=1) - pd.Series(block["low"])
    stamps = pd.to_datetime(minutes, unit="m", utc=True).dt.as_unit("us")
    ticks = dict(zip(PRICES, (opens, highs, lows, closes), strict=True))
    return pd.DataFrame({"ts_utc": stamps} | {name: (part * block["tick"]).round(3) for name, part in ticks.items()})


def test_without_paper_days_the_last_day_of_the_replay_is_shown(replayed_home: Home) -> None:
    workshop = workshop_of(replayed_home)
    document = Document.of(write_dashboard(workshop, workshop.catalogue.account(ACCOUNT)))
    assert text_of(document.one("h2", "today-title")).startswith("Last day of the replay: 2026-02-27")
    assert "No paper day is over yet" in text_of(document.one("section", "reconciliation"))


def test_a_trade_that_is_not_in_the_journal_is_named(replayed_home: Home) -> None:
    from orb_pipeline.errors import InputError, MissingDataError

    workshop = workshop_of(replayed_home)
    with pytest.raises(MissingDataError, match="no trade 25k/replay/2001-01-01/NONE"):
        write_trade(workshop, "25k/replay/2001-01-01/NONE")
    for wrong in ("25k", "25k/replay/2026-02-30/X", "25k/replay/2026-02-27/X' or '1", "25k/dream/2026-02-27/X"):
        with pytest.raises(InputError, match="expected ACCOUNT/MODE/DAY/STRATEGY"):
            write_trade(workshop, wrong)
