"""The catalogue is data: what it says is validated, extended by the user's files, and refused by name where wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from orb_pipeline.catalogue import Catalogue, load_catalogue
from orb_pipeline.errors import ConfigurationError
from orb_pipeline_tests.catalogue.user_files import refusal, with_file


@pytest.fixture(scope="module")
def packaged() -> Catalogue:
    return load_catalogue()


@pytest.mark.parametrize(
    ("symbol", "tick", "point_value", "friction"),
    [
        ("MGC", "0.10", 10, 8.40),
        ("MNQ", "0.25", 2, 2.74),
        ("GC", "0.10", 10, 8.40),
        ("ES", "0.25", 5, 4.99),
        ("XAUUSD", "0.001", 10, 8.40),
    ],
)
def test_the_packaged_instruments_cost_what_the_rules_say(
    packaged: Catalogue, symbol: str, tick: str, point_value: float, friction: float
) -> None:
    instrument = packaged.instrument(symbol)
    assert str(instrument.tick) == tick
    assert instrument.point_value == point_value
    assert instrument.friction == friction


def test_the_packaged_grid_has_7020_strategies_an_instrument(packaged: Catalogue) -> None:
    grid = packaged.grid
    sessions = packaged.sessions_of("MGC").labels
    axes = (sessions, grid.rr_targets, grid.confirm_bars, grid.entry_models, grid.filters)
    product = 1
    for axis in axes:
        product *= len(axis)
    assert product == 7020
    assert sessions == ("0900", "1000", "1100", "1800", "2300", "0030")


def test_an_unknown_instrument_is_an_error_that_names_the_known_ones(packaged: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match=r"'SILVER'.*ES, GC, MGC, MNQ, XAUUSD"):
        packaged.instrument("SILVER")


def test_a_users_file_adds_an_instrument(tmp_path: Path) -> None:
    folder = with_file(
        tmp_path / "catalogue",
        "instruments.yaml",
        """
instruments:
  SIL:
    name: Micro silver
    tick: "0.005"
    point_value: 1000
    commission: 2.4
    spread: 10
    slippage: 10
    margin: 3000
    session_set: brisbane
""",
    )
    catalogue = load_catalogue(folder)
    assert catalogue.instrument("SIL").friction == 22.4
    assert catalogue.instrument("MGC").friction == 8.4


def test_a_users_file_overrides_single_keys_of_an_instrument(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "instruments.yaml", "instruments: {MGC: {commission: 1.0}}")
    instrument = load_catalogue(folder).instrument("MGC")
    assert instrument.commission == 1.0
    assert instrument.friction == 7.0
    assert instrument.point_value == 10


def test_a_users_session_set_replaces_the_packaged_one_of_its_name(tmp_path: Path) -> None:
    folder = with_file(
        tmp_path / "catalogue",
        "sessions.yaml",
        'session_sets: {brisbane: {zone: America/New_York, sessions: {open: "09:30"}}}',
    )
    sessions = load_catalogue(folder).sessions_of("MGC")
    assert sessions.labels == ("open",)
    assert sessions.zone == "America/New_York"


def test_a_negative_cost_names_file_key_and_value(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "instruments.yaml", "instruments: {MGC: {slippage: -4}}")
    message = refusal(folder)
    assert str(folder / "instruments.yaml") in message
    assert "instruments.MGC.slippage" in message
    assert "-4" in message


def test_a_misspelt_key_of_an_instrument_lists_the_known_ones(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "instruments.yaml", "instruments: {MGC: {comission: 1}}")
    message = refusal(folder)
    assert "instruments.MGC.comission" in message
    assert "known keys:" in message
    assert "commission" in message


def test_a_misspelt_key_of_a_section_lists_the_keys_of_that_section(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "research.yaml", "validation: {min_trade: 30}")
    assert "known keys: min_trades, warn_below_trades" in refusal(folder)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_bytes(b"\xff\xfe\x00")
    assert f"{tmp_path / 'grid.yaml'} cannot be read" in refusal(tmp_path)


def test_a_folder_in_the_place_of_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").mkdir()
    assert f"{tmp_path / 'grid.yaml'} cannot be read" in refusal(tmp_path)


def test_an_instrument_without_a_tick_is_refused(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "instruments.yaml", "instruments: {SIL: {name: Silver}}")
    assert "instruments.SIL.tick" in refusal(folder)


def test_an_unknown_top_level_key_lists_the_known_ones(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "research.yaml", "gate: {usual_days: 5}")
    assert "unknown key 'gate'; known: gates, intake, validation" in refusal(folder)


def test_an_unknown_session_set_lists_the_known_ones(tmp_path: Path) -> None:
    folder = with_file(tmp_path / "catalogue", "instruments.yaml", "instruments: {MGC: {session_set: sydney}}")
    message = refusal(folder)
    assert "instruments.MGC.session_set" in message
    assert "'sydney' is unknown; known: brisbane" in message


@pytest.mark.parametrize("time", ['"9:30"', '"24:00"', '"09:60"', "0930", '"half past nine"'])
def test_a_malformed_session_time_names_its_place_and_the_form(tmp_path: Path, time: str) -> None:
    folder = with_file(
        tmp_path / "catalogue",
        "sessions.yaml",
        f"session_sets: {{ny: {{zone: America/New_York, sessions: {{a: {time}}}}}}}",
    )
    message = refusal(folder)
    assert str(folder / "sessions.yaml") in message
    assert "session_sets.ny.sessions.a.time" in message
    assert "HH:MM" in message


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    folder = with_file(
        tmp_path / "catalogue", "sessions.yaml", 'session_sets: {ny: {zone: New York, sessions: {a: "09:30"}}}'
    )
    assert "'New York' is not a time zone" in refusal(folder)


def test_two_sessions_at_one_time_are_refused(tmp_path: Path) -> None:
    folder = with_file(
        tmp_path / "catalogue",
        "sessions.yaml",
        'session_sets: {ny: {zone: America/New_York, sessions: {a: "09:30", b: "09:30"}}}',
    )
    assert "a, b start at the same time" in refusal(folder)


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        ("rr_targets: [1.25]", "more than one decimal"),
        ("confirm_bars: [11]", "confirm_bars"),
        ("entry_models: [E4]", "entry_models"),
        ("filters: [ORB_X4]", "is not a filter"),
        ("filters: [ORB_G7]", "has no threshold"),
        ("orb_minutes: 7", "orb_minutes"),
        ("rr_targets: [1.0, 1.0]", "twice"),
    ],
)
def test_a_grid_outside_the_rules_is_refused(tmp_path: Path, grid: str, reason: str) -> None:
    assert reason in refusal(with_file(tmp_path / "catalogue", "grid.yaml", f"grid: {{{grid}}}"))


def test_a_filter_without_threshold_names_the_grid_and_the_instrument(tmp_path: Path) -> None:
    message = refusal(with_file(tmp_path / "catalogue", "grid.yaml", "grid: {filters: [ORB_G7]}"))
    assert message.startswith(f"{tmp_path / 'catalogue' / 'grid.yaml'}: grid.filters: ORB_G7 has no threshold")
    assert "range_filters; known: ORB_G2, ORB_G3" in message


@pytest.mark.parametrize("text", ["instruments: [", "- just\n- a list", "instruments: 3", "instruments: {MGC: 3}"])
def test_a_file_of_another_shape_is_refused_by_name(tmp_path: Path, text: str) -> None:
    folder = with_file(tmp_path / "catalogue", "instruments.yaml", text)
    assert str(folder / "instruments.yaml") in refusal(folder)


def test_a_missing_user_folder_leaves_the_packaged_catalogue(tmp_path: Path, packaged: Catalogue) -> None:
    assert load_catalogue(tmp_path / "none") == packaged
