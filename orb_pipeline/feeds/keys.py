"""Keys of sources: from the environment, into the client, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from orb_pipeline.errors import ConfigurationError


def key_from(environment: Mapping[str, str], variable: str, what: str) -> str:
    """The key in a variable of the environment; `what` it is for.

    Raises:
        ConfigurationError: the variable is not set, or empty.
    """
    key = environment.get(variable, "").strip()
    if not key:
        message = (
            f"{what} needs a key, and {variable} is not set. Put the key into the environment: export {variable}=..."
        )
        raise ConfigurationError(message)
    return key


def without(key: str, text: object) -> str:
    """A text on one line, with the key taken out wherever it stands."""
    return " ".join(str(text).replace(key, "[key]").split()).rstrip(".")
