"""The `orb` command: one thin function per command, each in its own module of `commands`."""

from orb_pipeline.cli.app import main

__all__ = ["main"]
