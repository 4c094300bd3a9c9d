"""The disk is full, at any moment: a clear error, nothing lost, and with room again the same journal."""

from __future__ import annotations

import random
from pathlib import Path

from orb_pipeline.errors import StorageError
from orb_pipeline_tests.paper.feeding import Feed
from orb_pipeline_tests.paper.homes import BUSY, Desk, dates
from orb_pipeline_tests.paper.journals import assert_equals_replay, assert_same, left_behind, trader
from orb_pipeline_tests.paper.small_disk import small_disk

DAYS = 2
BARS_A_FILE = 30
ROOM = (0, 4096, 16_384, 65_536, 262_144, 1_048_576)


def test_a_full_disk_is_told_and_with_room_again_nothing_is_missing(desk: Desk, tmp_path: Path) -> None:
    bars = desk.days(DAYS)
    expected_home = desk.copy(tmp_path / "undisturbed")
    feed, alone = Feed(expected_home, desk.symbol, bars), trader(expected_home, BUSY)
    for first in range(0, len(feed), BARS_A_FILE):
        feed.deliver(first, min(first + BARS_A_FILE, len(feed)))
        alone.step()

    chance = random.Random(4)
    errors: list[str] = []
    with small_disk(tmp_path / "disk") as disk:
        home = desk.copy(disk.folder / "home")
        feed, alone = Feed(home, desk.symbol, bars), trader(home, BUSY)
        for first in range(0, len(feed), BARS_A_FILE):
            feed.deliver(first, min(first + BARS_A_FILE, len(feed)))
            for _ in range(2 if first + BARS_A_FILE < len(feed) else 6):
                with disk.full(but=chance.choice(ROOM)):
                    try:
                        alone.step()
                    except StorageError as error:  # which `--follow` outlives
                        errors.append(str(error))
                if chance.random() < 0.2:
                    alone = trader(home, BUSY)
            if chance.random() < 0.5:
                alone.step()
        alone.step()
        assert len(errors) >= 3
        for message in errors:
            assert "room" in message or "could not be written" in message, message
        assert_same(left_behind(home, [desk.symbol]), left_behind(expected_home, [desk.symbol]))
        assert_equals_replay(home, BUSY, [desk.symbol], dates(bars)[:DAYS])
