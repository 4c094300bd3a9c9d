"""What assets are handed: the workshop of the home that the run works on."""

from __future__ import annotations

from orb_pipeline.orchestration.workshop import Workshop


def resources(workshop: Workshop) -> dict[str, object]:
    """Dagster resources by the name of the parameter that asks for them."""
    return {"workshop": workshop}
