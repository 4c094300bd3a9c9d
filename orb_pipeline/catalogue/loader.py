"""Read the packaged catalogue and a user's own files over it, and refuse what is malformed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from orb_pipeline.catalogue.accounts import ORDER_KEYS, Account, PortfolioRules
from orb_pipeline.catalogue.folds import WalkForwardRules
from orb_pipeline.catalogue.models import VOLUME_FILTER, Grid, Instrument, Research, SessionSet
from orb_pipeline.catalogue.monitoring import Monitoring
from orb_pipeline.catalogue.notifications import Channel, Notifications
from orb_pipeline.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)
Tree = dict[str, Any]

FILES = (
    "instruments.yaml",
    "sessions.yaml",
    "grid.yaml",
    "research.yaml",
    "accounts.yaml",
    "portfolio.yaml",
    "walk_forward.yaml",
    "notifications.yaml",
    "monitoring.yaml",
)


@dataclass(frozen=True)
class Catalogue:
    """All catalogue entries, validated. Instruments, session sets and accounts by name."""

    instruments: Mapping[str, Instrument]
    session_sets: Mapping[str, SessionSet]
    grid: Grid
    research: Research
    accounts: Mapping[str, Account]
    default_account: str
    portfolio: PortfolioRules
    walk_forward: WalkForwardRules
    notifications: Notifications
    monitoring: Monitoring

    def instrument(self, symbol: str) -> Instrument:
        try:
            return self.instruments[symbol]
        except KeyError:
            message = (
                f"Unknown instrument {symbol!r}. Known: {', '.join(sorted(self.instruments))}. "
                "Add it to instruments.yaml in the home's catalogue folder to use it."
            )
            raise ConfigurationError(message) from None

    def sessions_of(self, symbol: str) -> SessionSet:
        return self.session_sets[self.instrument(symbol).session_set]

    def account(self, name: str | None = None) -> Account:
        """The account of this name; the default one where none is named."""
        wanted = self.default_account if name is None else name
        try:
            return self.accounts[wanted]
        except KeyError:
            message = (
                f"Unknown account {wanted!r}. Known: {', '.join(self.accounts)}. "
                "Add it to accounts.yaml in the home's catalogue folder to use it."
            )
            raise ConfigurationError(message) from None

    def study_hash(self, symbol: str) -> str:
        """SHA-256 of what an instrument's bars are studied under: its own entry, its sessions and the grid."""
        entries = (self.instrument(symbol), self.sessions_of(symbol), self.grid)
        return _hash_of(*(entry.model_dump_json(exclude={"name", "simulation", "calendar"}) for entry in entries))

    def account_hash(self, name: str) -> str:
        """SHA-256 of what an account's assets depend on: its own entry, the rules of portfolio and walk-forward."""
        calendars = (f"{symbol}:{item.calendar}" for symbol, item in sorted(self.instruments.items()))  # of flat_by
        rules = (self.portfolio.model_dump_json(), self.walk_forward.model_dump_json(), *calendars)
        return _hash_of(self.account(name).model_dump_json(exclude={"name", *ORDER_KEYS}), *rules)

    def research_hash(self) -> str:
        """SHA-256 of the thresholds of intake, validation and gates."""
        return _hash_of(self.research.model_dump_json())


def _hash_of(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def load_catalogue(user_folder: Path | None = None) -> Catalogue:
    """The packaged catalogue with `user_folder`'s files merged over it.

    Raises:
        ConfigurationError: a file is not YAML, a key is unknown or a value is not allowed; names file, key and value.
    """
    files = _Files(user_folder)
    session_sets = {
        name: files.validate(SessionSet, "sessions.yaml", ("session_sets", name), {"name": name, **entry})
        for name, entry in files.entries("sessions.yaml", "session_sets", whole=True)
    }
    instruments = {
        symbol: files.validate(
            Instrument,
            "instruments.yaml",
            ("instruments", symbol),
            {"symbol": symbol, "range_filters": files.tree("instruments.yaml")["range_filters"], **entry},
        )
        for symbol, entry in files.entries("instruments.yaml", "instruments")
    }
    grid = files.validate(Grid, "grid.yaml", ("grid",), files.tree("grid.yaml").get("grid"))
    research = files.validate(Research, "research.yaml", (), files.tree("research.yaml"))
    for instrument in instruments.values():
        _check_references(files, instrument, session_sets, grid)
    accounts = _accounts(files)
    return Catalogue(
        instruments=instruments,
        session_sets=session_sets,
        grid=grid,
        research=research,
        accounts=accounts,
        default_account=_default_account(files, accounts),
        portfolio=files.validate(PortfolioRules, "portfolio.yaml", (), files.tree("portfolio.yaml")),
        walk_forward=files.validate(WalkForwardRules, "walk_forward.yaml", (), files.tree("walk_forward.yaml")),
        notifications=_notifications(files),
        monitoring=files.validate(Monitoring, "monitoring.yaml", (), files.tree("monitoring.yaml")),
    )


def _notifications(files: _Files) -> Notifications:
    name = "notifications.yaml"
    channels = {
        channel: files.validate(Channel, name, ("channels", channel), {"name": channel, **entry})
        for channel, entry in files.entries(name, "channels")
    }
    return files.validate(Notifications, name, (), {**files.tree(name), "channels": channels})


def _accounts(files: _Files) -> dict[str, Account]:
    """Accounts by name; each has the shared limits where it does not set its own."""
    shared = files.tree("accounts.yaml").get("limits")
    accounts = {}
    for name, entry in files.entries("accounts.yaml", "accounts"):
        own = entry.get("limits", {})
        limits = _merged(shared, own) if isinstance(shared, dict) and isinstance(own, dict) else own or shared
        data = {"account": name, **entry, "limits": limits}
        accounts[name] = files.validate(Account, "accounts.yaml", ("accounts", name), data)
    return accounts


def _default_account(files: _Files, accounts: Mapping[str, Account]) -> str:
    default = files.tree("accounts.yaml")["default"]
    if default not in accounts:
        files.refuse("accounts.yaml", ("default",), f"{default!r} is unknown; known: {', '.join(accounts)}")
    return str(default)


def _check_references(
    files: _Files, instrument: Instrument, session_sets: Mapping[str, SessionSet], grid: Grid
) -> None:
    key = ("instruments", instrument.symbol)
    if instrument.session_set not in session_sets:
        known = ", ".join(sorted(session_sets))
        files.refuse(
            "instruments.yaml", (*key, "session_set"), f"{instrument.session_set!r} is unknown; known: {known}"
        )
    missing = [name for name in grid.filters if name.startswith("ORB_") and name not in instrument.range_filters]
    if missing:
        known = ", ".join(sorted(instrument.range_filters))
        files.refuse(
            "grid.yaml",
            ("grid", "filters"),
            f"{', '.join(missing)} has no threshold in instruments.yaml, {'.'.join(key)}.range_filters; known: {known} "
            f"({VOLUME_FILTER} needs none)",
        )


class _Files:
    """The packaged files and the user's, and the error that names the right one."""

    def __init__(self, user_folder: Path | None) -> None:
        self._user_folder = user_folder
        self._packaged: dict[str, Tree] = {}
        self._user: dict[str, Tree] = {}
        for name in FILES:
            packaged = resources.files("orb_pipeline.catalogue").joinpath("data", name)
            self._packaged[name] = _parse(packaged.read_text(encoding="utf-8"), name)
            self._user[name] = self._read_user_file(name)

    def tree(self, name: str) -> Tree:
        return _merged(self._packaged[name], self._user[name])

    def entries(self, name: str, section: str, *, whole: bool = False) -> list[tuple[str, Tree]]:
        """The section's entries; a user's entry is merged key by key, or replaces the packaged one `whole`."""
        packaged, user = self._packaged[name].get(section) or {}, self._user[name].get(section) or {}
        if not isinstance(user, dict):
            self.refuse(name, (section,), f"{user!r} is not a mapping of names to entries")
        for key, entry in user.items():
            if not isinstance(entry, dict):
                self.refuse(name, (section, str(key)), f"{entry!r} is not a mapping of keys to values")
        entries = {**packaged, **{str(key): entry for key, entry in user.items()}}
        if not whole:
            entries = {key: _merged(packaged.get(key, {}), entry) for key, entry in entries.items()}
        return list(entries.items())

    def validate(self, model: type[Model], name: str, key: tuple[str, ...], data: object) -> Model:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = (*key, *_names_of(first["loc"], data))
            reason = first["msg"].removeprefix("Value error, ")
            value = first["input"]
            seen = f" (found {value!r})" if isinstance(value, str | int | float) and repr(value) not in reason else ""
            known = (
                f"; known keys: {', '.join(_keys_at(model, first['loc'][:-1]))}"
                if first["type"] in ("extra_forbidden", "missing")
                else ""
            )
            self.refuse(name, where, f"{reason}{seen}{known}")

    def refuse(self, name: str, key: tuple[str, ...], problem: str) -> NoReturn:
        message = f"{self._blame(name, key)}: {'.'.join(key)}: {problem}. Correct this key and run again."
        raise ConfigurationError(message)

    def _blame(self, name: str, key: tuple[str, ...]) -> str:
        """The user's file where it has the entry, else the packaged one."""
        node: Any = self._user[name]
        for part in key[:2]:
            node = node.get(part) if isinstance(node, dict) else None
        return str(self._user_path(name)) if node is not None else f"packaged {name}"

    def _user_path(self, name: str) -> Path:
        return (self._user_folder or Path()) / name

    def _read_user_file(self, name: str) -> Tree:
        if self._user_folder is None or not self._user_path(name).exists():
            return {}
        path = self._user_path(name)
        tree = _parse(_read_text(path), str(path))
        unknown = sorted(set(tree) - set(self._packaged[name]))
        if unknown:
            known = ", ".join(sorted(self._packaged[name]))
            message = f"{path}: unknown key {unknown[0]!r}; known: {known}. Correct this key and run again."
            raise ConfigurationError(message)
        return tree


def _keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys of the entry at `place` inside `model`, or of the innermost one on the way that has keys."""
    keys = model.model_fields
    for part in place:
        field = keys.get(str(part))
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)] if field else []
        keys = inner[0].model_fields if inner else keys
    return list(keys)


def _names_of(place: tuple[str | int, ...], data: object) -> list[str]:
    """`place` by the keys of the file: an entry of a mapping that was read as a list goes by its name there."""
    names: list[str] = []
    for part in place:
        entries = data if isinstance(data, dict) else {}
        name = list(entries)[part] if isinstance(part, int) and entries else part
        names.append(str(name))
        data = entries.get(name)
    return names


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read ({error}). Expected a YAML file in UTF-8; correct it and run again."
        raise ConfigurationError(message) from None


def _parse(text: str, name: str) -> Tree:
    try:
        tree = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        message = f"{name} is not valid YAML: {' '.join(str(error).split())}. Correct the file and run again."
        raise ConfigurationError(message) from None
    if not isinstance(tree, dict):
        message = f"{name}: found {tree!r}, expected a mapping of keys to values."
        raise ConfigurationError(message)
    return tree


def _merged(base: Tree, over: Tree) -> Tree:
    """`over` laid over `base`, mapping by mapping; other values replace."""
    result = dict(base)
    for key, value in over.items():
        both_mappings = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = _merged(base[key], value) if both_mappings else value
    return result
