"""Where a home keeps its parts. The environment is read here, once, at the edge, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from orb_pipeline.errors import ConfigurationError

HOME_VARIABLE = "ORB_HOME"
LAKE_VARIABLE = "ORB_LAKE_URL"
DEFAULT_HOME = "orb_home"
NOTIFY_VARIABLES = "ORB_NOTIFY_"  # and the name of a channel


@dataclass(frozen=True)
class Home:
    """One installation's data: everything the project writes lies under `root` (the lake may lie elsewhere).

    Attributes:
        root: absolute path of the home.
        lake_url: where the large tables lie; a local path or any URL fsspec understands.
    """

    root: Path
    lake_url: str

    @classmethod
    def at(cls, root: str | Path, lake_url: str | None = None) -> Home:
        path = Path(root).expanduser().resolve()
        return cls(root=path, lake_url=lake_url or str(path / "lake"))

    @classmethod
    def from_environment(cls, root: str | Path | None = None) -> Home:
        """The home named by `root`, else by ORB_HOME, else `./orb_home`; ORB_LAKE_URL moves the lake."""
        return cls.at(root or os.environ.get(HOME_VARIABLE) or DEFAULT_HOME, os.environ.get(LAKE_VARIABLE) or None)

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def catalogue(self) -> Path:
        """The user's own catalogue files; they extend or override the packaged ones."""
        return self.root / "catalogue"

    @property
    def landing(self) -> Path:
        """Where feeds put new bars, a folder for each instrument."""
        return self.root / "landing"

    @property
    def tape(self) -> Path:
        """What came from outside while days were open, in order; see intake.tape."""
        return self.root / "tape"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def secrets(self) -> Path:
        """What is read and never logged, shown or stored; see docs/notifications.md."""
        return self.root / "secrets.yaml"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this home."""
        return self.root / "dagster"


def notification_addresses() -> dict[str, str]:
    """Addresses of channels that the environment names, by the channel's name."""
    found = {
        variable.removeprefix(NOTIFY_VARIABLES).lower(): value.strip()
        for variable, value in os.environ.items()
        if variable.startswith(NOTIFY_VARIABLES)
    }
    return {name: address for name, address in found.items() if name and address}


@dataclass(frozen=True)
class GatewaySettings:
    """Where Interactive Brokers' gateway listens: ORB_IB_HOST, ORB_IB_PORT, ORB_IB_CLIENT_ID and ORB_IB_ACCOUNT.

    Attributes:
        port: 4002 is the gateway's for paper accounts.
        client_id: of orders, the same in every run.
        account: the broker's number; None: the only one that the gateway manages.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 17
    account: str | None = None

    @classmethod
    def from_environment(cls) -> GatewaySettings:
        """Raises ConfigurationError where a number is none."""
        return cls(
            host=os.environ.get("ORB_IB_HOST", cls.host),
            port=_whole("ORB_IB_PORT", cls.port),
            client_id=_whole("ORB_IB_CLIENT_ID", cls.client_id),
            account=os.environ.get("ORB_IB_ACCOUNT") or None,
        )


def _whole(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if text is None:
        return default
    if not text.isdigit():
        message = f"{variable} is {text!r}; expected a whole number such as {default}. Correct it or unset it."
        raise ConfigurationError(message)
    return int(text)
