"""Whatever bytes a text file holds, it is read row by row or refused in words; nothing else escapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orb_pipeline.errors import InputError
from orb_pipeline_tests.market.files_of_bars import HEADER, PRICES, read

LINES = [f"2016-11-06 {hour:02d}:{minute:02d},{PRICES},MGCZ6" for hour in range(3) for minute in range(0, 60, 20)]
WHOLE = "\n".join([HEADER.replace("ts_utc", "time") + ",contract", *LINES]).encode()
SCRAP = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [b"\n", b"\r\n", b",", b";", b'"', b"\x00", b"nan", b"1e999", b"-", b"9999-", b"\xff", b" ", b"0x1"]
    ),
)
CUT = st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), SCRAP)


def damaged(cuts: list[tuple[int, int, bytes]]) -> bytes:
    content = WHOLE
    for at, length, scrap in cuts:
        content = content[:at] + scrap + content[at + length :]
    return content


@settings(max_examples=300, deadline=None)
@given(st.lists(CUT, min_size=1, max_size=5))
def test_every_damaged_text_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int, bytes]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    path.write_bytes(damaged(cuts))
    try:
        checked = read(path, timezone="America/New_York")
    except InputError:
        return
    assert len(checked.bars) + len(checked.refused) + checked.ignored_rows == checked.read_rows
    assert len(set(checked.bars.row_numbers.tolist())) == len(checked.bars)
