"""The layers of the C++ code: who may include whom, and what nobody may include."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPP, CUDA = ROOT / "cpp", ROOT / "cuda"
KINDS = (".hpp", ".cpp", ".h", ".cu")
FILES = sorted(path for folder in (CPP, CUDA) for path in folder.rglob("*") if path.suffix in KINDS)

# Folder -> the project's own files its files may include, as prefixes.
MAY_INCLUDE = {
    "include": ("fusedloss/",),
    "losses": ("losses/",),
    "simd": ("simd/", "losses/loss.hpp"),
    "kernels": ("kernels/", "simd/", "losses/", "fusedloss/"),
    "isa": ("isa/", "kernels/", "fusedloss/"),
    # The runtime knows the list of losses and the plain structs of the border, no loops.
    "runtime": ("runtime/", "kernels/kernel.hpp", "losses/registry.hpp", "fusedloss/"),
    "bindings": ("bindings/", "runtime/", "fusedloss/"),
    "cuda": ("cuda/", "runtime/", "kernels/", "simd/", "losses/", "fusedloss/"),
}
# Compiled once per instruction set: their inline functions would leak into other objects.
FENCED = ("losses", "simd", "kernels", "isa")
LEAKING = ["algorithm", "cmath", "functional", "iostream", "map", "memory", "string", "vector"]
FRAMEWORKS = ("torch/", "ATen/", "c10/", "tensorflow/", "xla/", "jax", "numpy/", "cuda")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def layer(path: Path) -> str:
    return "cuda" if path.is_relative_to(CUDA) else path.relative_to(CPP).parts[0]


def includes(path: Path) -> list[tuple[bool, str]]:
    """(whether it is the project's own, name) of everything a file includes."""
    return [(quote == '"', name) for quote, name in INCLUDE.findall(path.read_text())]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_layer_is_known() -> None:
    assert {layer(path) for path in FILES} == set(MAY_INCLUDE)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_layers_look_downwards(path: Path) -> None:
    for own, name in includes(path):
        if own:
            assert name.startswith(MAY_INCLUDE[layer(path)]), f"{name_of(path)} includes {name}"
            assert any((root / name).is_file() for root in (CPP, CPP / "include", ROOT)), name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_framework_is_included(path: Path) -> None:
    found = {name for _, name in includes(path) if name.startswith(FRAMEWORKS)}
    # CUDA is known to the primitives that kernels are written in, and to nothing else.
    if layer(path) == "cuda":
        found = {name for name in found if not name.startswith("cuda/")}
        allowed = {"cuda_runtime.h"} if path.name == "device.hpp" else set()
        assert found <= allowed
    else:
        assert not found


@pytest.mark.parametrize("path", [path for path in FILES if layer(path) in FENCED], ids=name_of)
def test_code_per_instruction_set_includes_no_inline_functions(path: Path) -> None:
    names = {name for own, name in includes(path) if not own}
    assert not names & set(LEAKING)


def test_the_public_header_is_c() -> None:
    headers = [path for path in FILES if layer(path) == "include"]
    assert [path.name for path in headers] == ["fusedloss.h", "fusedloss_cuda.h"]
    allowed = {"stddef.h", "stdint.h", "fusedloss/fusedloss.h"}
    assert {name for path in headers for _, name in includes(path)} <= allowed
