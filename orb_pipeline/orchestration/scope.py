"""What an asset belongs to, its scope: an instrument, named by its symbol, or an account, named as in the catalogue.

Names of accounts hold a small letter and symbols do not, so a name says by itself which of both it is. In the tables
`gate_verdicts`, `waivers` and `asset_builds` it stands in the column `instrument`.
"""

from __future__ import annotations

from enum import StrEnum

from orb_pipeline.catalogue import Catalogue

ACCOUNT_TAG = "orb/account"  # of a run: the account it builds; the catalogue's default one where it is missing


class ScopeKind(StrEnum):
    """The kinds, by the names of the option, the partition's key in the lake and the column in the warehouse."""

    INSTRUMENT = "instrument"
    ACCOUNT = "account"

    def option(self, scope: str) -> str:
        """How a command names the scope."""
        return f"--{self.value} {scope}"

    def check(self, catalogue: Catalogue, scope: str) -> None:
        """Make sure that the catalogue knows it.

        Raises:
            ConfigurationError: it does not.
        """
        if self is ScopeKind.INSTRUMENT:
            catalogue.instrument(scope)
        else:
            catalogue.account(scope)
