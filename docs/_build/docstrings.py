"""What the docstring of a loss says, in parts."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

IMPORT = ">>> import numpy as np, fusedloss as fl"
# What lies behind it is the same for every loss: shapes and dtypes.
_END_OF_MEANING = re.compile(r"[,;] (any real|float16|bfloat16|integers? of|int8|shape|of shape).*")


@dataclass(frozen=True)
class Argument:
    """An argument: its name, its default as it is written, and its description."""

    name: str
    default: str | None
    text: str


@dataclass(frozen=True)
class Description:
    """The docstring of a function."""

    summary: str
    body: str  # prose and formulas: Markdown, in which an indented block is code
    example: str  # ">>>" and what is printed
    arguments: tuple[Argument, ...]


def describe(function: Callable[..., Any]) -> Description:
    """Take the docstring of a loss apart.

    Raises:
      ValueError: a part is missing.
    """
    text = inspect.getdoc(function) or ""
    head, _, rest = text.partition("\nArgs:\n")
    summary, *paragraphs = re.split(r"\n\n+", head.strip())
    examples = [_without_import(each) for each in paragraphs if each.startswith(">>>")]
    body = [each for each in paragraphs if not each.startswith(">>>")]
    described = _arguments(rest.partition("\n\n")[0])
    if not (body and examples and described):
        raise ValueError(f"the docstring of {function.__name__} lacks formula, example or Args")
    parameters = inspect.signature(function).parameters
    return Description(
        summary=" ".join(summary.split()),
        body="\n\n".join(body),
        example="\n".join(examples),
        arguments=tuple(
            Argument(name, _default(parameters[name]), meaning) for name, meaning in described
        ),
    )


def meaning(argument: Argument) -> str:
    """The description of a target or prediction without what is the same for every loss."""
    return _END_OF_MEANING.sub(".", argument.text)


def _without_import(example: str) -> str:
    """The imports are the same in each."""
    return example.removeprefix(f"{IMPORT}\n")


def _arguments(text: str) -> list[tuple[str, str]]:
    """Name and description, from lines "  name: description" continued by deeper ones."""
    described = re.findall(r"^  (\w+): (.*(?:\n    .*)*)", text, re.MULTILINE)
    return [(name, " ".join(words.split())) for name, words in described]


def _default(parameter: inspect.Parameter) -> str | None:
    if parameter.default is inspect.Parameter.empty:
        return None
    return (
        f'"{parameter.default}"' if isinstance(parameter.default, str) else str(parameter.default)
    )
