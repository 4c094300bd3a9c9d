"""What one build stands on: contents that may be built upon, and what they bring with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import duckdb

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import BusyError, InputError
from orb_pipeline.orchestration import builds, verdicts
from orb_pipeline.orchestration.builds import CATALOGUE, Build
from orb_pipeline.orchestration.gates import kind_of
from orb_pipeline.orchestration.verdicts import Waiver


class Upstream:
    """Collects contents of assets, of one scope or of several, and refuses those that may not be built upon."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.waivers: dict[int, Waiver] = {}
        self.simulated = False
        self._catalogue = catalogue
        self._present: dict[tuple[str, str], str] = {}
        self._builds: list[Build] = []

    def admit(
        self, connection: duckdb.DuckDBPyConnection, scope: str, contents: Mapping[str, str], now: dt.datetime
    ) -> None:
        """Take the contents of a scope's assets (asset -> content hash) to the others.

        Raises:
            GateFailedError: a gate does not hold for the very content.
            InputError: they do not belong together: one was built from another content of a second one than the
                present, or under another catalogue.
            BusyError: an asset was admitted before and has another content now.
            ConfigurationError: the catalogue does not know the scope.
        """
        for asset, content_hash in contents.items():
            self._take(asset, scope, content_hash)
            waivers = verdicts.require(connection, asset, scope, content_hash, now)
            self.waivers |= {waiver.number: waiver for waiver in waivers}
            build = builds.find(connection, asset, scope, content_hash)
            if build is not None:
                self._builds.append(build)
                self.simulated |= build.simulated
        for build in self._builds:
            self._refuse_if_apart(build)

    def _take(self, asset: str, scope: str, content_hash: str) -> None:
        if self._present.setdefault((asset, scope), content_hash) != content_hash:
            message = f"{asset} of {scope} was replaced by another run while it was being read; run again."
            raise BusyError(message)
        self._present[CATALOGUE, scope] = builds.settings_of(self._catalogue, kind_of(asset), scope)[CATALOGUE]

    def _refuse_if_apart(self, build: Build) -> None:
        for name, content_hash in build.inputs.items():
            if self._present.get(builds.source_of(name, build.scope), content_hash) != content_hash:
                message = (
                    f"{build.asset} of {build.scope} was built from another {name} than the present one. "
                    f"Build it again: `orb run {kind_of(build.asset).option(build.scope)}`."
                )
                raise InputError(message)
