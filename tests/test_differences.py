"""The pages of differences name tests that exist, and leave out none."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FRAMEWORKS = ["keras", "torch"]
FOLDERS = {"keras": ["keras"], "torch": ["torch", "cuda"]}


def rows(framework: str) -> list[str]:
    """The rows of the tables on a framework's page."""
    page = TESTS.parent / "docs" / f"{framework}-differences.md"
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return [line for line in lines if not line.startswith("| Here |")]


def named(row: str) -> set[str]:
    """The tests in the last column of a row."""
    return set(re.findall(r"`(test_\w+)`", row.split("|")[-2]))


def defined(framework: str, files: str) -> set[str]:
    """The tests in some files of a framework's folders."""
    folders = [TESTS / folder for folder in FOLDERS[framework]]
    sources = [path.read_text() for folder in folders for path in folder.glob(files)]
    assert sources
    return set(re.findall(r"^def (test_\w+)", "".join(sources), re.MULTILINE))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_difference_names_its_test(framework: str) -> None:
    assert len(rows(framework)) > 15
    for row in rows(framework):
        assert named(row), row
        assert named(row) <= defined(framework, "test_*.py"), row


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_test_of_a_difference_is_on_the_page(framework: str) -> None:
    on_the_page = set().union(*map(named, rows(framework)))
    assert defined(framework, "test_*differences.py") <= on_the_page
