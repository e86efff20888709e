"""The page of differences names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "keras-differences.md"


def test_every_difference_names_its_test() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| Here |")]
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    defined = set(re.findall(r"^def (test_\w+)", sources, re.MULTILINE))
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row.split("|")[-2])
        assert named, row
        assert set(named) <= defined, row


def test_every_test_of_a_difference_is_on_the_page() -> None:
    page = PAGE.read_text()
    files = list(Path(__file__).parent.glob("test_keras_*differences.py"))
    assert len(files) == 2
    for file in files:
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE):
            assert f"`{name}`" in page, name
