"""The page of losses and the table of the README, as Markdown."""

import re
from collections import Counter
from collections.abc import Iterable

import curves
import guide
from docstrings import Argument, describe, meaning
from offers import LOSSES, keras_names, torch_modules

MANY = 4  # an argument that so many losses have, in the same words, is described once

_DESCRIBED = {loss: describe(function) for loss, function in LOSSES.items()}
_COUNTS = Counter(
    argument
    for described in _DESCRIBED.values()
    for argument in described.arguments
    if argument.default is not None
)


def chooser() -> str:
    """The table to choose from: a line for each kind of data."""
    lines = ["| your data | loss | strength | watch out |", "|---|---|---|---|"]
    for heading, choices in guide.TASKS.items():
        lines.append(f"| **{heading}** | | | |")
        for choice in choices:
            links = ", ".join(f"[`{loss}`](#{loss})" for loss in choice.losses)
            lines.append(f"| {choice.data} | {links} | {choice.strength} | {choice.watch_out} |")
    return "\n".join(lines)


def readme_table(page: str) -> str:
    """Every loss with its names, for the README; `page` is where the sections are."""
    lines = [
        "| | NumPy: `fusedloss`, JAX: `fusedloss.jax` | PyTorch: `fusedloss.torch` | Keras: `fusedloss.keras` |",
        "|---|---|---|---|",
    ]
    for losses in guide.sections().values():
        for data, loss in losses:
            cells = [
                data,
                f"[`{loss}`]({page}#{loss})",
                _code(_torch_names(loss)),
                _code(keras_names(loss)[:1]),
            ]
            lines.append("|".join(["", *(f" {cell} " if cell else " " for cell in cells), ""]))
    return "\n".join(lines)


def shared_arguments() -> str:
    """What many losses have in common."""
    shared = sorted(
        (argument for argument, count in _COUNTS.items() if count >= MANY),
        key=lambda argument: -_COUNTS[argument],
    )
    return "\n".join(_argument(argument) for argument in shared)


def sections() -> str:
    """A section for every loss, under the headings of the tasks."""
    parts = []
    for heading, losses in guide.sections().items():
        parts.append(f"## {heading}")
        parts += [_section(loss) for _, loss in losses]
    return "\n\n".join(parts)


def _section(loss: str) -> str:
    described = _DESCRIBED[loss]
    picture = curves.PICTURE_OF.get(loss, loss)
    parts = [
        f"### `{loss}`",
        described.summary,
        _names(loss),
        _linked(described.body, loss),
        f"![{loss}: value and gradient](pictures/{picture}.svg)",
        _arguments(described.arguments),
        f"```pycon\n{described.example}\n```",
    ]
    return "\n\n".join(parts)


def _linked(text: str, loss: str) -> str:
    """Make each name of another loss a link to its section."""

    def link(name: re.Match[str]) -> str:
        other = name[1]
        return f"[`{other}`](#{other})" if other in LOSSES and other != loss else name[0]

    return re.sub(r"`(\w+)`", link, text)


def _names(loss: str) -> str:
    lines = []
    if torch := _torch_names(loss):
        lines.append(f"- PyTorch: {_code(torch)}. {guide.TORCH_NOTES.get(loss, '')}".strip())
    if keras := keras_names(loss):
        lines.append(f"- Keras: {_code(keras)}. {guide.KERAS_NOTES.get(loss, '')}".strip())
    return "\n".join(lines)


def _arguments(arguments: Iterable[Argument]) -> str:
    """Data in one line, then options, then what is described elsewhere."""
    data = [f"`{each.name}`: {meaning(each)}" for each in arguments if each.default is None]
    options = [each for each in arguments if each.default is not None]
    lines = [f"- {' '.join(data)}"]
    lines += [_argument(each) for each in options if _COUNTS[each] < MANY]
    shared = [each for each in options if MANY <= _COUNTS[each] < len(LOSSES)]
    if shared:
        names = ", ".join(f"`{each.name}={each.default}`" for each in shared)
        lines.append(f"- [as elsewhere](#arguments-of-many-losses): {names}")
    return "\n".join(lines)


def _argument(argument: Argument) -> str:
    return f"- `{argument.name}={argument.default}`: {argument.text}"


def _torch_names(loss: str) -> list[str]:
    """Each function, followed by its modules."""
    functions = guide.TORCH.get(loss, ())
    return [name for function in functions for name in (function, *torch_modules(function))]


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
