"""Land a file of bars: read, check, compare with what has landed, commit."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import filelock

from orb_pipeline.catalogue import Catalogue
from orb_pipeline.errors import BusyError, InputError, StorageError
from orb_pipeline.intake.commit import Judged, Source, land, record_only, report_of_landed
from orb_pipeline.intake.landed import landed_files, read_batches
from orb_pipeline.intake.overlap import Overlap, find_overlap
from orb_pipeline.intake.rejects import with_raw_values
from orb_pipeline.intake.report import IngestReport
from orb_pipeline.market.bars import CheckedFile, Refused, check_file
from orb_pipeline.market.formats.raw import BarFile, ReadOptions
from orb_pipeline.market.formats.registry import open_bar_file
from orb_pipeline.market.reasons import EXPECTED, REASONS, Reason
from orb_pipeline.settings import Home
from orb_pipeline.storage.lake import Lake
from orb_pipeline.storage.warehouse import Warehouse

__all__ = ["IngestReport", "ReadOptions", "ingest_file"]

LOCK_TIMEOUT_SECONDS = 120.0
EXAMPLES = 3  # refused rows an error shows
MAX_RECORDED_OF_REFUSED_FILE = 100_000  # a file read with the wrong zone or instrument is bad in every row
_HASH_BYTES = 2**20


def ingest_file(
    home: Home,
    catalogue: Catalogue,
    path: str | Path,
    symbol: str,
    *,
    options: ReadOptions | None = None,
    replace: bool = False,
    now: dt.datetime,
    progress: Callable[[int], None] | None = None,
) -> IngestReport:
    """Validate the bars of a file and land the good ones; bad rows go to `rejected_bars`.

    Args:
        symbol: an instrument of the catalogue.
        replace: bars that disagree with landed ones take their place instead of being rejected.
        now: the time entered in the ledger; aware.
        progress: told the number of rows read so far.

    Raises:
        ConfigurationError: the instrument is unknown.
        InputError: the file cannot be read, holds no bars, or has more bad rows than the catalogue allows; then
            nothing of it lands, and its bad rows are recorded.
        BusyError: another ingest of the instrument, or another user of the warehouse, did not end in time.
        MissingDataError: bars that landed are no longer in the lake.
        StorageError: the home cannot be written.
    """
    options = options or ReadOptions()
    instrument = catalogue.instrument(symbol)
    file = open_bar_file(Path(path).expanduser().resolve(), options)
    with _one_at_a_time(home, symbol):
        source = Source(
            path=file.path,
            hash=_source_hash(file.path, options),
            instrument=instrument,
            lake=Lake(home.lake_url),
            warehouse=Warehouse(home.warehouse),
            now=now,
        )
        ledger = landed_files(source.warehouse, symbol)
        same = ledger[ledger["source_hash"] == source.hash]
        if len(same) and not replace:
            read_batches(source.lake, same, symbol, columns=["ts_utc"])  # the ledger's word alone is not enough
            return report_of_landed(source, same.iloc[-1])
        checked = check_file(file, instrument, options, progress)
        _refuse_empty(source, checked)
        overlap = find_overlap(source.lake, ledger, symbol, checked)
        refused = _all_refused(checked, overlap, is_replacing=replace)
        share = catalogue.research.intake.max_rejected_share
        if len(refused) > Decimal(str(share)) * checked.read_rows:
            raise InputError(_refuse(source, file, checked, refused, share))
        rejections = with_raw_values(file, refused)
        return land(source, Judged(checked, overlap, _counts(refused), rejections, is_replacing=replace), ledger)


@contextmanager
def _one_at_a_time(home: Home, symbol: str) -> Iterator[None]:
    """Hold the instrument's ingest lock; it dies with its process."""
    path = home.root / "locks" / f"ingest-{symbol}.lock"
    lock = filelock.FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=LOCK_TIMEOUT_SECONDS)
    except filelock.Timeout:
        message = f"Another ingest of {symbol} held {path} for {LOCK_TIMEOUT_SECONDS:.0f} s. Wait, then run again."
        raise BusyError(message) from None
    except OSError as error:
        message = (
            f"{home.root} is no folder to keep bars in ({error.strerror or error}). Expected one that can be written. "
            "Name it with `orb --home DIR`, or mend this one."
        )
        raise StorageError(message) from error
    try:
        yield
    finally:
        lock.release()


def _source_hash(path: Path, options: ReadOptions) -> str:
    """SHA-256 of the file's bytes and of the options, which decide what they mean."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BYTES):
            digest.update(block)
    digest.update(json.dumps(asdict(options), sort_keys=True, default=str).encode())
    return digest.hexdigest()


def _refuse_empty(source: Source, checked: CheckedFile) -> None:
    if checked.read_rows == 0:
        message = f"{source.path} holds no bars. Write or download the file again."
        raise InputError(message)
    if checked.ignored_rows == checked.read_rows:
        message = (
            f"{source.path}: all {checked.read_rows} rows are spreads, which are ignored; expected bars of outright "
            f"contracts of {source.instrument.symbol}. Download those."
        )
        raise InputError(message)


def _all_refused(checked: CheckedFile, overlap: Overlap, *, is_replacing: bool) -> Refused:
    if is_replacing or not overlap.is_different.any():
        return checked.refused
    conflicting = checked.bars.row_numbers[overlap.is_different]
    return Refused.joined([checked.refused, Refused.for_one_reason(conflicting, Reason.CONFLICTS_WITH_LANDED_BAR)])


def _counts(refused: Refused) -> dict[str, int]:
    counts = Counter(refused.reasons.tolist())
    return {reason.value: counts[number] for number, reason in enumerate(REASONS) if counts[number]}


def _refuse(source: Source, file: BarFile, checked: CheckedFile, refused: Refused, allowed_share: float) -> str:
    """Record the bad rows of a file that does not land; returns the error's message."""
    rejections = with_raw_values(file, refused, limit=MAX_RECORDED_OF_REFUSED_FILE)
    record_only(source, rejections, file_landed=False)
    by_reason = _counts(refused)
    counts = ", ".join(f"{count} {reason}" for reason, count in by_reason.items())
    expected = EXPECTED[Reason(max(by_reason, key=by_reason.__getitem__))]
    examples = "; ".join(f"row {bad.row_number} {bad.reason} {bad.raw}" for bad in rejections[:EXAMPLES])
    return (
        f"{source.path}: {len(refused)} of {checked.read_rows} rows are bad ({counts}), more than the "
        f"{allowed_share:.2%} allowed; nothing of the file landed. First: {examples}. Expected {expected}. "
        "The rows are in table rejected_bars. Correct the file (or the instrument, zone or columns given), or raise "
        "intake.max_rejected_share in research.yaml of the home's catalogue."
    )
