"""Write docs/losses.md, its pictures, and the table of losses in the README.

python docs/_build/build.py           # write
python docs/_build/build.py --check   # fail if the texts are not what would be written

Keras is asked for its names, and needs KERAS_BACKEND=torch in the environment.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import curves
import guide
import offers
import page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "losses.md"
PICTURES = ROOT / "docs" / "pictures"
README = ROOT / "README.md"
TEMPLATE = Path(__file__).with_name("template.md")
BEGIN, END = "<!-- losses: begin -->\n", "<!-- losses: end -->"


def main() -> None:
    """Write everything, or check the texts: pictures are not compared."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--check", action="store_true", help="write nothing")
    require_complete()
    texts = {PAGE: make_page(), README: make_readme(README.read_text())}
    if arguments.parse_args().check:
        sys.exit(stale(texts))
    for path, text in texts.items():
        path.write_text(text)
    draw_pictures()


def require_complete() -> None:
    """Refuse to write a page that lacks a loss.

    Raises:
      ValueError: a loss of the package has no place in `guide`, or the other way round.
    """
    losses = [loss for placed in guide.sections().values() for _, loss in placed]
    offers.require_same("fusedloss", losses, offers.LOSSES)
    torch = [function for functions in guide.TORCH.values() for function in functions]
    offers.require_same("fusedloss.torch.functional", torch, offers.TORCH_FUNCTIONS)
    keras = [name for loss in losses for name in offers.keras_names(loss)]
    offers.require_same("fusedloss.keras", keras, offers.KERAS_LOSSES)


def make_page() -> str:
    """The template, completed."""
    text = TEMPLATE.read_text()
    for part in (page.chooser, page.shared_arguments, page.sections):
        text = text.replace(f"{{{{{part.__name__}}}}}", part())
    return text


def make_readme(text: str) -> str:
    """The README with its table made anew.

    Raises:
      ValueError: there is no place for the table.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md needs the lines {BEGIN.strip()} and {END}")
    return f"{before}{BEGIN}{page.readme_table('docs/losses.md')}\n{END}{after}"


def draw_pictures() -> None:
    """Draw every picture, and remove those that are none any more."""
    PICTURES.mkdir(exist_ok=True)
    for name, picture in curves.PICTURES.items():
        picture.save(PICTURES / f"{name}.svg")
    for path in PICTURES.glob("*.svg"):
        if path.stem not in curves.PICTURES:
            path.unlink()


def stale(texts: Mapping[Path, str]) -> str | None:
    """Say which texts are not as they would be written."""
    changed = [
        str(path.relative_to(ROOT))
        for path, text in texts.items()
        if not path.exists() or path.read_text() != text
    ]
    return f"out of date: {', '.join(changed)}; run `make docs`" if changed else None


if __name__ == "__main__":
    main()
