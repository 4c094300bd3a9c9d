"""Accounts and the portfolio's rules as data: presets, a user's changes, and refusals by file, key and value."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from orb_pipeline.catalogue import Catalogue, load_catalogue
from orb_pipeline.errors import ConfigurationError
from orb_pipeline_tests.catalogue.user_files import refusal, with_file

OWN_ACCOUNT = "{name: Mine, equity: 9000, risk_per_trade_pct: 1, max_contracts: 2}"
FIRM = (
    "{max_drawdown: 2500, daily_loss_limit: null, drawdown: trailing, consistency_share: null, "
    "automation_allowed: true, source: the firm's page, verified_on: 2026-01-31}"
)


def with_accounts(folder: Path, text: str, name: str = "accounts.yaml") -> Path:
    return with_file(folder, name, text)


def account_of(folder: Path, entry: str) -> Catalogue:
    return load_catalogue(with_accounts(folder, f"accounts: {{mine: {entry}}}"))


@pytest.fixture(scope="module")
def packaged() -> Catalogue:
    return load_catalogue()


@pytest.mark.parametrize(
    ("name", "equity", "risk"), [("25k", 25_000, 2.0), ("50k", 50_000, 1.0), ("100k", 100_000, 0.5)]
)
def test_each_preset_risks_500_dollars_a_trade(packaged: Catalogue, name: str, equity: float, risk: float) -> None:
    account = packaged.account(name)
    assert (account.equity, account.risk_per_trade_pct) == (equity, risk)
    assert account.equity * account.risk_per_trade_pct / 100 == 500
    assert account.prop_firm is None
    assert account.flat_by is None


def test_every_account_is_the_same_again_when_it_was_written_down_as_json(packaged: Catalogue) -> None:
    for account in packaged.accounts.values():
        assert type(account).model_validate(account.model_dump(mode="json")) == account


def test_the_default_account_is_taken_where_none_is_named(packaged: Catalogue) -> None:
    assert packaged.account().account == packaged.default_account == "25k"


def test_the_packaged_limits_are_those_of_the_rules(packaged: Catalogue) -> None:
    for account in packaged.accounts.values():
        limits = account.limits
        assert (limits.drawdown_warning_r, limits.drawdown_halt_r, limits.max_daily_loss_r) == (-3, -5, -5)
        assert (limits.max_concurrent_positions, limits.max_per_orb_positions, limits.max_daily_trades) == (3, 1, 15)


def test_the_prop_firm_examples_say_that_nobody_has_verified_them(packaged: Catalogue) -> None:
    firms = [account.prop_firm for account in packaged.accounts.values() if account.prop_firm is not None]
    assert len(firms) == 2
    assert {firm.drawdown for firm in firms} == {"trailing", "static"}
    assert all(firm.verified_on is None and "no firm's rules" in firm.source for firm in firms)


def test_an_unknown_account_is_an_error_that_names_the_known_ones(packaged: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match=r"Unknown account '75k'\. Known: 25k, 50k, 100k"):
        packaged.account("75k")


def test_a_users_account_has_the_shared_limits_and_what_it_changes_of_them(tmp_path: Path) -> None:
    entry = OWN_ACCOUNT.replace("}", ", limits: {max_daily_trades: 4}}")
    limits = account_of(tmp_path, entry).account("mine").limits
    assert (limits.max_daily_trades, limits.max_concurrent_positions, limits.halt_r) == (4, 3, -5)


def test_a_users_file_overrides_one_key_of_a_packaged_account(tmp_path: Path) -> None:
    account = load_catalogue(with_accounts(tmp_path, "accounts: {25k: {max_contracts: 3}}")).account("25k")
    assert (account.max_contracts, account.equity) == (3, 25_000)


def test_a_users_file_overrides_one_shared_limit_for_every_account(tmp_path: Path) -> None:
    catalogue = load_catalogue(with_accounts(tmp_path, "limits: {max_daily_loss_r: -2}"))
    assert {account.limits.halt_r for account in catalogue.accounts.values()} == {-2}
    assert {account.limits.drawdown_halt_r for account in catalogue.accounts.values()} == {-5}


def test_a_users_file_names_its_own_default(tmp_path: Path) -> None:
    text = f"default: mine\naccounts: {{mine: {OWN_ACCOUNT}}}"
    assert load_catalogue(with_accounts(tmp_path, text)).account().name == "Mine"


def test_prop_firm_rules_are_read_with_their_source(tmp_path: Path) -> None:
    firm = account_of(tmp_path, OWN_ACCOUNT.replace("}", f", prop_firm: {FIRM}}}")).account("mine").prop_firm
    assert firm is not None
    assert (firm.max_drawdown, firm.daily_loss_limit, firm.consistency_share) == (2_500, None, None)
    assert (firm.source, firm.verified_on) == ("the firm's page", dt.date(2026, 1, 31))


def test_a_users_file_overrides_one_key_of_an_accounts_prop_firm_rules(tmp_path: Path) -> None:
    text = "accounts: {prop_50k_trailing: {prop_firm: {max_drawdown: 1800}}}"
    firm = load_catalogue(with_accounts(tmp_path, text)).account("prop_50k_trailing").prop_firm
    assert firm is not None
    assert (firm.max_drawdown, firm.daily_loss_limit, firm.drawdown) == (1_800, 1_000, "trailing")


@pytest.mark.parametrize(
    ("flat_by", "time", "zone", "minutes"),
    [
        ('{time: "15:10", zone: America/Chicago}', dt.time(15, 10), "America/Chicago", None),
        ("{minutes_before_close: 5}", None, None, 5),
    ],
)
def test_flat_by_is_a_local_time_or_minutes_before_the_close(
    tmp_path: Path, flat_by: str, time: dt.time | None, zone: str | None, minutes: int | None
) -> None:
    found = account_of(tmp_path, OWN_ACCOUNT.replace("}", f", flat_by: {flat_by}}}")).account("mine").flat_by
    assert found is not None
    assert (found.time, found.zone, found.minutes_before_close) == (time, zone, minutes)


@pytest.mark.parametrize(
    ("flat_by", "reason"),
    [
        ('{time: "15:10"}', "expected either time and zone, or minutes_before_close"),
        ("{zone: America/Chicago}", "expected either time and zone, or minutes_before_close"),
        ("{}", "expected either time and zone, or minutes_before_close"),
        ('{time: "15:10", zone: America/Chicago, minutes_before_close: 5}', "expected either time and zone, or"),
        ("{time: 1510, zone: America/Chicago}", '1510 is not a local time; expected a quoted "HH:MM"'),
        ('{time: "25:10", zone: America/Chicago}', "'25:10' is not a local time"),
        ('{time: "15:10", zone: Chicago}', "'Chicago' is not a time zone"),
        ("{minutes_before_close: -5}", "flat_by.minutes_before_close: Input should be greater than or equal to 0"),
        ("{minutes: 5}", "known keys: time, zone, minutes_before_close"),
    ],
)
def test_a_wrong_flat_by_names_file_and_key_and_what_was_expected(tmp_path: Path, flat_by: str, reason: str) -> None:
    entry = OWN_ACCOUNT.replace("}", f", flat_by: {flat_by}}}")
    message = refusal(with_accounts(tmp_path, f"accounts: {{mine: {entry}}}"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: accounts.mine.flat_by")
    assert reason in message


@pytest.mark.parametrize(
    ("change", "key", "found"),
    [
        ("equity: -1", "equity", "-1"),
        ("risk_per_trade_pct: 101", "risk_per_trade_pct", "101"),
        ("risk_per_trade_pct: -2", "risk_per_trade_pct", "-2"),
        ("max_contracts: -1", "max_contracts", "-1"),
        ("limits: {drawdown_halt_r: 5}", "limits.drawdown_halt_r", "5"),
        ("limits: {drawdown_warning_r: 3}", "limits.drawdown_warning_r", "3"),
        ("limits: {max_daily_trades: -1}", "limits.max_daily_trades", "-1"),
        ("limits: {max_per_orb_positions: -1}", "limits.max_per_orb_positions", "-1"),
        ("limits: {max_daily_loss_r: .inf}", "limits.max_daily_loss_r", "inf"),
    ],
)
def test_a_number_out_of_range_names_file_key_and_value(tmp_path: Path, change: str, key: str, found: str) -> None:
    message = refusal(with_accounts(tmp_path, f"accounts: {{25k: {{{change}}}}}"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: accounts.25k.{key}: ")
    assert f"(found {found})" in message


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ("max_drawdown: -2000", "max_drawdown", "greater than 0 (found -2000)"),
        ("daily_loss_limit: -100", "daily_loss_limit", "greater than 0 (found -100)"),
        ("drawdown: intraday", "drawdown", "'static' or 'trailing' (found 'intraday')"),
        ("consistency_share: 50", "consistency_share", "less than or equal to 1 (found 50)"),
        ("verified_on: last week", "verified_on", "(found 'last week')"),
        ("drawdwn: static", "drawdwn", "known keys: max_drawdown, daily_loss_limit, drawdown"),
    ],
)
def test_a_wrong_prop_firm_rule_names_file_key_and_value(tmp_path: Path, change: str, key: str, reason: str) -> None:
    message = refusal(with_accounts(tmp_path, f"accounts: {{prop_50k_trailing: {{prop_firm: {{{change}}}}}}}"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: accounts.prop_50k_trailing.prop_firm.{key}: ")
    assert reason in message


def test_prop_firm_rules_without_a_source_are_refused(tmp_path: Path) -> None:
    firm = FIRM.replace(" source: the firm's page,", "")
    message = refusal(with_accounts(tmp_path, f"accounts: {{mine: {OWN_ACCOUNT[:-1]}, prop_firm: {firm}}}}}"))
    assert "accounts.mine.prop_firm.source: Field required" in message


def test_a_misspelt_key_of_an_account_lists_the_known_ones(tmp_path: Path) -> None:
    message = refusal(with_accounts(tmp_path, "accounts: {25k: {max_contract: 3}}"))
    assert "accounts.25k.max_contract" in message
    assert "known keys: account, name, equity" in message


def test_a_misspelt_limit_lists_the_known_ones(tmp_path: Path) -> None:
    message = refusal(with_accounts(tmp_path, "accounts: {25k: {limits: {max_trades: 3}}}"))
    assert "accounts.25k.limits.max_trades" in message
    assert "known keys: drawdown_warning_r, drawdown_halt_r" in message


def test_an_account_without_its_equity_is_refused(tmp_path: Path) -> None:
    assert "accounts.mine.equity: Field required" in refusal(with_accounts(tmp_path, "accounts: {mine: {name: Mine}}"))


@pytest.mark.parametrize("name", ["MINE", "25", "my account"])
def test_an_account_is_called_by_small_letters_so_that_no_instrument_is_called_alike(tmp_path: Path, name: str) -> None:
    message = refusal(with_accounts(tmp_path, f"accounts: {{'{name}': {OWN_ACCOUNT}}}"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: accounts.{name}.account")


def test_an_unknown_default_lists_the_known_accounts(tmp_path: Path) -> None:
    message = refusal(with_accounts(tmp_path, "default: 75k"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: default: '75k' is unknown; known: 25k, 50k, 100k")


def test_an_unknown_section_lists_the_known_ones(tmp_path: Path) -> None:
    assert "unknown key 'account'; known: accounts, default, limits" in refusal(with_accounts(tmp_path, "account: {}"))


# Where orders go


def test_orders_stay_on_paper_and_live_trading_off_unless_the_file_says_so(packaged: Catalogue) -> None:
    for account in packaged.accounts.values():
        assert (account.broker, account.live_trading, account.min_paper_days) == ("paper", False, 20)


def test_a_users_file_sends_an_accounts_orders_elsewhere(tmp_path: Path) -> None:
    entry = OWN_ACCOUNT.replace("}", ", broker: ib, live_trading: true, min_paper_days: 60}")
    account = account_of(tmp_path, entry).account("mine")
    assert (account.broker, account.live_trading, account.min_paper_days) == ("ib", True, 60)


@pytest.mark.parametrize(
    ("change", "key", "reason"),
    [
        ("broker: oanda", "broker", "'paper', 'signals' or 'ib' (found 'oanda')"),
        ("min_paper_days: -5", "min_paper_days", "greater than 0 (found -5)"),
        ("min_paper_days: 0", "min_paper_days", "greater than 0"),
        ("live_trading: maybe", "live_trading", "(found 'maybe')"),
    ],
)
def test_a_wrong_word_about_orders_names_file_key_and_value(tmp_path: Path, change: str, key: str, reason: str) -> None:
    message = refusal(with_accounts(tmp_path, f"accounts: {{25k: {{{change}}}}}"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: accounts.25k.{key}: ")
    assert reason in message


def test_an_account_whose_firm_allows_no_automation_may_not_send_orders(tmp_path: Path) -> None:
    message = refusal(with_accounts(tmp_path, "accounts: {prop_50k_trailing: {broker: ib}}"))
    assert message.startswith(f"{tmp_path / 'accounts.yaml'}: accounts.prop_50k_trailing: broker is 'ib'")
    assert "automation_allowed: false" in message
    assert "'signals'" in message
    for name, broker in (("prop_50k_trailing", "signals"), ("prop_100k_static", "ib")):
        allowed = load_catalogue(with_accounts(tmp_path, f"accounts: {{{name}: {{broker: {broker}}}}}"))
        assert allowed.account(name).broker == broker


def test_where_orders_go_makes_nothing_stale_that_was_built(tmp_path: Path, packaged: Catalogue) -> None:
    change = "{broker: ib, live_trading: true, min_paper_days: 3}"
    changed = load_catalogue(with_accounts(tmp_path, f"accounts: {{25k: {change}}}"))
    assert changed.account_hash("25k") == packaged.account_hash("25k")


# The portfolio's rules


def test_a_users_file_overrides_one_key_of_selection(tmp_path: Path) -> None:
    rules = load_catalogue(with_accounts(tmp_path, "selection: {max_strategies: 5}", "portfolio.yaml")).portfolio
    assert (rules.selection.max_strategies, rules.selection.max_correlation) == (5, 0.85)
    assert rules.gates.min_strategies == 5


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("selection: {max_strategies: -1}", "selection.max_strategies", "(found -1)"),
        ("selection: {min_entry_models: 4}", "selection.min_entry_models", "(found 4)"),
        ("selection: {max_correlation: 1.5}", "selection.max_correlation", "(found 1.5)"),
        ("selection: {weights: kelly}", "selection.weights", "'equal' or 'inverse_volatility' (found 'kelly')"),
        ("selection: {max_strategy: 5}", "selection.max_strategy", "known keys: min_expectancy_r, max_strategies"),
        ("selection: {preferred_correlation: 0.9}", "selection", "preferred_correlation 0.9 is above max_correlation"),
        ("gates: {min_strategies: -1}", "gates.min_strategies", "(found -1)"),
    ],
)
def test_a_wrong_rule_of_the_portfolio_names_file_key_and_value(
    tmp_path: Path, text: str, key: str, reason: str
) -> None:
    message = refusal(with_accounts(tmp_path, text, "portfolio.yaml"))
    assert message.startswith(f"{tmp_path / 'portfolio.yaml'}: {key}: ")
    assert reason in message


def test_an_accounts_hash_follows_its_terms_and_the_rules_but_not_its_title(
    tmp_path: Path, packaged: Catalogue
) -> None:
    renamed = load_catalogue(with_accounts(tmp_path, "accounts: {25k: {name: Another title}}"))
    changed = load_catalogue(with_accounts(tmp_path, "accounts: {25k: {max_contracts: 3}}"))
    assert renamed.account_hash("25k") == packaged.account_hash("25k") != changed.account_hash("25k")
    assert changed.account_hash("50k") == packaged.account_hash("50k")
    (tmp_path / "accounts.yaml").unlink()
    stricter = load_catalogue(with_accounts(tmp_path, "selection: {max_strategies: 5}", "portfolio.yaml"))
    assert stricter.account_hash("50k") != packaged.account_hash("50k")


def test_what_an_account_is_built_under_changes_with_the_calendar_it_may_have_to_be_flat_by(tmp_path: Path) -> None:
    (tmp_path / "instruments.yaml").write_text("instruments: {MGC: {calendar: CME_Equity}}", encoding="utf-8")
    assert load_catalogue(tmp_path).account_hash("25k") != load_catalogue().account_hash("25k")
    assert load_catalogue(tmp_path).study_hash("MGC") == load_catalogue().study_hash("MGC")
