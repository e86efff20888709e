"""Our mirror of XLA's C interface against the headers of the installed jaxlib, by a compiler."""

import os
import shutil
import subprocess
from pathlib import Path

import jaxlib
import pytest

CPP = Path(__file__).parents[2] / "cpp"
HEADERS = Path(jaxlib.__file__).parent / "include"
COMPILER = shutil.which(os.environ.get("CXX", "c++"))

# Ours -> theirs; field -> field. Errors name both.
STRUCTS = {
    ("Extension", "Extension_Base"): "struct_size type next",
    ("ApiVersion", "Api_Version"): "struct_size major:major_version minor:minor_version",
    ("Metadata", "Metadata"): "struct_size api_version traits",
    ("MetadataExtension", "Metadata_Extension"): "base:extension_base metadata",
    ("Buffer", "Buffer"): "struct_size dtype data rank dims",
    ("Span", "ByteSpan"): "data:ptr size:len",
    ("Scalar", "Scalar"): "dtype value",
    ("Array", "Array"): "dtype size data",
    ("Buffers", "Args"): "struct_size size types buffers:args",
    ("Buffers", "Rets"): "struct_size size types buffers:rets",
    ("Attributes", "Attrs"): "struct_size size types names values:attrs",
    ("CallFrame", "CallFrame"): (
        "struct_size extensions:extension_start api context:ctx stage arguments:args results:rets "
        "attributes:attrs"
    ),
    ("ErrorCreate", "Error_Create_Args"): "struct_size message code:errc",
    ("ErrorDestroy", "Error_Destroy_Args"): "struct_size error",
    ("StreamGet", "Stream_Get_Args"): "struct_size context:ctx stream",
    ("MemoryAllocate", "DeviceMemory_Allocate_Args"): (
        "struct_size context:ctx size alignment data"
    ),
    ("MemoryFree", "DeviceMemory_Free_Args"): "struct_size context:ctx size data",
    ("Schedule", "ThreadPool_Schedule_Args"): "struct_size context:ctx task data",
    ("Api", "Api"): (
        "struct_size api_version internal:internal_api error_create:XLA_FFI_Error_Create "
        "error_destroy:XLA_FFI_Error_Destroy stream_get:XLA_FFI_Stream_Get "
        "memory_allocate:XLA_FFI_DeviceMemory_Allocate memory_free:XLA_FFI_DeviceMemory_Free "
        "thread_pool_schedule:XLA_FFI_ThreadPool_Schedule"
    ),
}
# Of those that are part of others, or of which arrays are made, ...
SAME_SIZE = ["ApiVersion", "Buffer", "Span", "Scalar", "Array", "Buffers", "Attributes"]
SAME_SIZE += ["StreamGet", "MemoryAllocate", "MemoryFree"]  # XLA compares theirs
NUMBERS = {
    "kBool": "DataType_PRED",
    **{f"k{name}": f"DataType_{name}" for name in ("S8", "S16", "S32", "S64")},
    **{f"k{name}": f"DataType_{name}" for name in ("U8", "F16", "F32", "F64", "BF16")},
    "kMetadataExtension": "Extension_Metadata",
    "kArrayAttribute": "AttrType_ARRAY",
    "kScalarAttribute": "AttrType_SCALAR",
    "kStringAttribute": "AttrType_STRING",
    "kExecute": "ExecutionStage_EXECUTE",
    "kInvalidArgument": "Error_Code_INVALID_ARGUMENT",
    "kResourceExhausted": "Error_Code_RESOURCE_EXHAUSTED",
    "kFailedPrecondition": "Error_Code_FAILED_PRECONDITION",
    "kInternal": "Error_Code_INTERNAL",
}


@pytest.mark.skipif(COMPILER is None, reason="no compiler")
def test_the_mirror_has_the_layout_of_xla(tmp_path: Path) -> None:
    if not (HEADERS / "xla/ffi/api/c_api.h").exists():
        pytest.skip("jaxlib ships no headers")
    lines = [
        '#include "xla/ffi/api/c_api.h"',
        '#include "bindings/xla_ffi.hpp"',
        "namespace x = fl::xla;",
    ]
    for (ours, theirs), fields in STRUCTS.items():
        for field in fields.split():
            one, _, other = field.partition(":")
            same = f"offsetof(x::{ours}, {one}) == offsetof(XLA_FFI_{theirs}, {other or one})"
            lines.append(f"static_assert({same});")
        if ours in SAME_SIZE:
            lines.append(f"static_assert(sizeof(x::{ours}) == sizeof(XLA_FFI_{theirs}));")
    lines += [f"static_assert(int(x::{one}) == XLA_FFI_{other});" for one, other in NUMBERS.items()]
    source = tmp_path / "layout.cpp"
    source.write_text("\n".join(lines))
    # fmt: off
    result = subprocess.run(
        [
            str(COMPILER), "-std=c++20", "-fsyntax-only", "-I", str(CPP), "-I", str(HEADERS),
            str(source),
        ],
        capture_output=True, text=True, timeout=120,
    )
    # fmt: on
    assert result.returncode == 0, result.stderr
