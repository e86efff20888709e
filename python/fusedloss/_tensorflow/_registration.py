"""The handler of the core, made known to the XLA inside TensorFlow.

TensorFlow offers no function for it, but exports the one that hands out XLA's table of functions:
the interface in C for which the handler is written.
"""

import ctypes
import os
from collections.abc import Iterator
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from functools import lru_cache
from pathlib import Path

import tensorflow as tf

from fusedloss._xla import HANDLERS, TARGET

_GET_API = "_ZN3xla3ffi12GetXlaFfiApiEv"  # xla::ffi::GetXlaFfiApi()
# Which of them has the function differs between platforms, and between wheels for CPUs and GPUs.
_LIBRARIES = ("libtensorflow_cc*", "libtensorflow_framework*")


class UnavailableError(Exception):
    """Why the handler is not known to TensorFlow."""


class _Text(Structure):
    _fields_ = (("data", c_char_p), ("size", c_size_t))


class _Register(Structure):
    # fmt: off
    _fields_ = (
        ("struct_size", c_size_t), ("extensions", c_void_p), ("name", _Text), ("platform", _Text),
        ("instantiate", c_void_p), ("prepare", c_void_p), ("initialize", c_void_p),
        ("execute", c_void_p), ("traits", c_uint32),
    )
    # fmt: on


class _Message(Structure):
    # fmt: off
    _fields_ = (
        ("struct_size", c_size_t), ("extensions", c_void_p), ("error", c_void_p),
        ("message", c_char_p),
    )
    # fmt: on


class _Api(Structure):
    """The first fields of the table, which have been these since there is a version in it."""

    # fmt: off
    _fields_ = (
        ("struct_size", c_size_t), ("extensions", c_void_p),
        ("version_size", c_size_t), ("version_extensions", c_void_p),
        ("major", c_int), ("minor", c_int), ("internal", c_void_p), ("error_create", c_void_p),
        ("error_get_message", ctypes.CFUNCTYPE(None, POINTER(_Message))),
        ("error_destroy", ctypes.CFUNCTYPE(None, POINTER(_Message))),
        ("handler_register", ctypes.CFUNCTYPE(c_void_p, POINTER(_Register))),
    )
    # fmt: on


@lru_cache(maxsize=1)  # XLA refuses what it knows
def register() -> None:
    """Make the handler known.

    Raises:
      UnavailableError: TensorFlow has no table that fits, or refuses the handler.
    """
    api = _find_api()
    if api.major != 0 or api.minor < 1:
        raise UnavailableError(
            f"the XLA in it has version {api.major}.{api.minor} of its interface"
        )
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    name, platform = TARGET.encode(), b"Host"
    wish = _Register(
        # What the fields take, without the padding at the end: XLA compares.
        struct_size=_Register.traits.offset + _Register.traits.size,
        name=_Text(name, len(name)),
        platform=_Text(platform, len(platform)),
        execute=get_pointer(HANDLERS["cpu"], b"xla._CUSTOM_CALL_TARGET"),
    )
    error = api.handler_register(ctypes.byref(wish))
    if error:
        told = _Message(struct_size=ctypes.sizeof(_Message), error=error)
        api.error_get_message(ctypes.byref(told))
        reason = (told.message or b"").decode(errors="replace")
        told.struct_size = _Message.error.offset + _Message.error.size
        api.error_destroy(ctypes.byref(told))
        raise UnavailableError(f"the XLA in it refuses the kernels: {reason}")


def _find_api() -> _Api:
    for path in _libraries():
        try:
            # Of what is loaded already: another copy of TensorFlow would end the process.
            library = ctypes.CDLL(str(path), mode=os.RTLD_NOLOAD | os.RTLD_NOW)
            get_api = getattr(library, _GET_API)
        except (AttributeError, OSError):
            continue
        get_api.restype = POINTER(_Api)
        api: _Api = get_api().contents
        return api
    raise UnavailableError("it does not export the interface of its XLA")


def _libraries() -> Iterator[Path]:
    folder = Path(tf.__file__).parent
    for pattern in _LIBRARIES:
        yield from sorted(folder.glob(pattern))
