"""The page of losses: complete, up to date with the docstrings, and true."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fusedloss as fl

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it once, when it is first imported
pytest.importorskip("matplotlib")
torch_losses = pytest.importorskip("fusedloss.torch")
keras_losses = pytest.importorskip("fusedloss.keras", exc_type=ImportError)

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGE = DOCS / "losses.md"
BUILD = DOCS / "_build"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]

CODE = re.compile(r"```pycon\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
NO_LOSSES = {"FusedLoss", "deserialize", "get", "serialize"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def anchors(path: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_texts_are_made_from_the_present_docstrings() -> None:
    result = run(str(BUILD / "build.py"), "--check")
    assert result.returncode == 0, result.stderr


def test_a_loss_without_a_place_fails_the_build() -> None:
    script = f"""
import sys
sys.path.insert(0, {str(BUILD)!r})
import build, guide
guide.TASKS.popitem()
build.require_complete()
"""
    result = run("-c", script)
    assert result.returncode != 0
    assert "fusedloss: no place for ['cosine_embedding'" in result.stderr


def test_every_public_loss_is_named() -> None:
    page, readme = PAGE.read_text(), (ROOT / "README.md").read_text()
    functions, modules = torch_losses.functional.__all__, torch_losses.modules.__all__
    classes = [name for name in keras_losses.__all__ if name not in NO_LOSSES]
    for name in [*fl.losses.__all__, *functions, *modules, *classes]:
        assert f"`{name}`" in page, name
    for name in [*fl.losses.__all__, *functions]:
        assert f"`{name}`" in readme, name


def test_every_loss_has_its_section() -> None:
    assert set(fl.losses.__all__) <= anchors(PAGE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in LINK.findall(path.read_text()):
        if target.startswith(("http:", "https:")):
            continue
        other = path.parent / target if target else path
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other), f"{target}#{anchor}"


def test_pictures_are_small_and_shown() -> None:
    page = PAGE.read_text()
    pictures = list((DOCS / "pictures").iterdir())
    assert pictures
    for path in pictures:
        assert f"](pictures/{path.name})" in page
        assert path.stat().st_size < 25_000


def test_answers_are_true() -> None:
    """Their examples; those of the sections are run where they are written, in the docstrings."""
    answers = PAGE.read_text().partition("\n## Arguments of many losses")[0]
    source = "\n".join(CODE.findall(answers))
    examples = doctest.DocTestParser().get_doctest(source, {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 20
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(examples).failed == 0
