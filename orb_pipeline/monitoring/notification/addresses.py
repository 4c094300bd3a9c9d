"""Addresses of channels: secrets that go to the sender and nowhere else, and are taken out of whatever it says."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import yaml
from pydantic import SecretStr

from orb_pipeline.errors import ConfigurationError

SECTION = "notify"  # of secrets.yaml
HIDDEN = "[hidden]"
_SHORTEST = 3  # characters of a part of an address that is taken for a secret


class Addresses:
    """Channel -> its address. Shown, it shows names alone."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = {name: SecretStr(address) for name, address in addresses.items()}

    def __contains__(self, channel: object) -> bool:
        return channel in self._addresses

    def __repr__(self) -> str:
        return f"Addresses({', '.join(self.names) or 'none'})"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._addresses))

    def reveal(self, channel: str) -> str:
        """The address itself, for the sender."""
        return self._addresses[channel].get_secret_value()

    def without(self, text: object) -> str:
        """A text on one line without any address, or any part of one."""
        line = " ".join(str(text).split())
        for part in sorted(self._parts(), key=len, reverse=True):
            line = line.replace(part, HIDDEN)
        return line

    def _parts(self) -> set[str]:
        found: set[str] = set()
        for address in self._addresses.values():
            whole = address.get_secret_value()
            _, _, rest = whole.partition("://")
            parts = {whole, rest, *re.split(r"[/:@?&=,#]+", rest)}
            found |= {form for part in parts for form in (part, unquote(part)) if len(form) >= _SHORTEST}
        return found


def read_addresses(environment: Mapping[str, str], secrets: Path) -> Addresses:
    """Addresses that the environment names, and for other channels those of the secrets file.

    Args:
        environment: channel -> address, as settings.notification_addresses reads it.

    Raises:
        ConfigurationError: others may read the file, or it is not what was expected. Nothing of its content is told.
    """
    return Addresses({**_from_file(secrets), **environment})


def _from_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        message = (
            f"{path} can be read by others (mode {mode:03o}); expected 600, since it holds secrets. Nothing of it was "
            f"used. Run `chmod 600 {path}`."
        )
        raise ConfigurationError(message)
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise _not_expected(path, "it cannot be read as YAML") from None
    section = tree.get(SECTION, {}) if isinstance(tree, dict) else None
    if not isinstance(section, dict) or not all(isinstance(address, str) for address in section.values()):
        raise _not_expected(path, f"`{SECTION}` does not hold a text for each channel")
    return {str(name): address.strip() for name, address in section.items() if address.strip()}


def _not_expected(path: Path, what: str) -> ConfigurationError:
    message = (
        f"{path}: {what}. Expected `{SECTION}:` and below it a line `channel: address` for each channel; its content "
        "is not shown, since it holds secrets. Correct the file and run again."
    )
    return ConfigurationError(message)
