"""The objects compiled for one instruction set keep to themselves.

Three ways in which code for a newer CPU has reached an older one in other projects: an inline
function of the standard library, emitted in such an object as a weak symbol and kept by the linker
for everybody; a static initialiser, which runs before any dispatch; a call out of the object.
"""

import re
import shutil
import subprocess
from itertools import groupby
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[1] / "build"
MEMORY = {"memcpy", "memmove", "memset", "memcmp"}
# Names the compiler writes down by itself; nothing is called.
MARKERS = {"_GLOBAL_OFFSET_TABLE_"}


def newest_objects() -> list[Path]:
    """build/<any>/CMakeFiles/fusedloss_isa_<isa>.dir/cpp/isa/isa.cpp.o of the last build."""
    objects = sorted(BUILD.rglob("*isa_*.dir/**/isa.cpp.o"))
    builds = [list(group) for _, group in groupby(objects, key=lambda path: path.parents[3])]
    return max(builds, key=lambda build: max(path.stat().st_mtime for path in build), default=[])


def isa_of(path: Path) -> str:
    return path.parents[2].stem.rpartition("isa_")[2]


def output_of(tool: str, *arguments: str | Path) -> str:
    assert shutil.which(tool), f"{tool} comes with every compiler"
    return subprocess.run([tool, *arguments], check=True, capture_output=True, text=True).stdout


def symbols_of(path: Path) -> list[tuple[str, str]]:
    """(kind, name) of every symbol, kinds as nm(1) explains them."""
    fields = [line.split() for line in output_of("nm", "--format=posix", path).splitlines()]
    return [(kind, name) for name, kind, *_ in fields]


OBJECTS = newest_objects()
every_object = pytest.mark.parametrize("path", OBJECTS, ids=isa_of)


def test_the_objects_are_found() -> None:
    assert OBJECTS, f"no isa.cpp.o under {BUILD}: run `make build`"
    assert len({isa_of(path) for path in OBJECTS}) == len(OBJECTS)


@every_object
def test_nothing_is_weak(path: Path) -> None:
    weak = [name for kind, name in symbols_of(path) if kind in "vVwWu"]
    assert not weak, "the linker may keep these for all instruction sets"


@every_object
def test_nothing_is_called_from_outside_but_memory_functions(path: Path) -> None:
    outside = {name for kind, name in symbols_of(path) if kind == "U"}
    assert outside <= MEMORY | MARKERS


@every_object
def test_one_name_is_visible_and_it_tells_the_instruction_set(path: Path) -> None:
    visible = [name for kind, name in symbols_of(path) if kind.isupper() and kind != "U"]
    assert len(visible) == 1
    assert isa_of(path) in visible[0]


@every_object
def test_nothing_runs_before_dispatch(path: Path) -> None:
    sections = output_of("objdump", "--section-headers", path)
    assert ".text" in sections
    assert not re.findall(r"\.(?:init_array|ctors|preinit_array|init)\b", sections)


@every_object
def test_the_instructions_are_those_of_the_set(path: Path) -> None:
    code = output_of("objdump", "--disassemble", "--no-show-raw-insn", path)
    registers = {
        "xmm": re.search(r"%xmm\d", code),
        "ymm": re.search(r"%ymm\d", code),
        "zmm": re.search(r"%zmm\d", code),
    }
    wide = {name for name, found in registers.items() if found}
    # Every AVX instruction has a mnemonic that begins with v; no other one does in this code.
    avx = re.findall(r"^\s+[0-9a-f]+:\s+(v\w+)", code, re.MULTILINE)
    match isa_of(path):
        case "baseline":
            assert not avx
            assert wide <= {"xmm"}
        case "avx2":
            assert avx
            assert "zmm" not in wide
        case "avx512":
            assert "zmm" in wide
