"""Loading a PKCS#11 module so that several threads may call it.

python-pkcs11 calls C_Initialize without arguments, and that promises the module one thread only (PKCS #11 v2.40, 5.4):
SoftHSM then turns its own locks off.  The module is therefore initialised once more, asking for the operating
system's locks.  A module is one thing in a process, however many stores use it, and so is this table.
"""

import ctypes
import os
import threading
from typing import Any

import pkcs11

from protocols.ports.keys import KeyStoreUnavailable

_OS_LOCKING_OK, _ALREADY_INITIALIZED = 2, 0x191
_lock = threading.Lock()
_loaded: dict[str, tuple[int, Any, ctypes.CDLL]] = {}


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS without callbacks."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("create", "destroy", "lock", "unlock")),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


def load(path: str) -> Any:
    """The module, ready for threads in this very process. Raises KeyStoreUnavailable."""
    with _lock:
        try:
            process, module, raw = _loaded.get(path) or (0, pkcs11.lib(path), ctypes.CDLL(path))
            if process != os.getpid():
                raw.C_Finalize(None)
            answer = raw.C_Initialize(ctypes.byref(_InitializeArguments(flags=_OS_LOCKING_OK)))
        except (pkcs11.PKCS11Error, OSError, AttributeError) as error:
            raise KeyStoreUnavailable(f"PKCS#11 module: {type(error).__name__}") from None
        if answer not in (0, _ALREADY_INITIALIZED):
            raise KeyStoreUnavailable(f"PKCS#11 module: C_Initialize answered {answer:#x}")
        _loaded[path] = (os.getpid(), module, raw)
        return module
