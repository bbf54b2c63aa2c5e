"""Confinement: what keeps code that reads hostile bytes from what else its user runs on this machine.

Processes of one user may read each other's memory and environment (/proc/PID/environ), where secrets are. Two walls,
for not every kernel has both:

1. `seclude`, in a process with secrets: no other process of its user reads it. What it starts has to do so itself.
2. `confine`, in a process that reads hostile bytes: Landlock lets it read, signal and connect to no process outside,
   and make, remove or empty no file; it has no rights of root's any more, and gets none by starting programs.
"""

import ctypes
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38  # prctl(2)
_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # landlock(7); the same numbers on every architecture
_REMOVE_AND_MAKE = 0x1FF0  # files and folders, of all kinds
_TRUNCATE = 1 << 14  # since version 3 of Landlock
_TCP = 0b11  # since version 4: bind, connect
_SCOPES = 0b11  # since version 6: abstract sockets, signals
_CAPABILITIES = 0x20080522  # version of capset(2)'s structures
_DAC_READ_SEARCH = 1 << 2  # kept: the packages may lie in somebody's home


def seclude() -> None:
    """Keep other processes of this user from reading this one: its environment, its memory, a core dump.

    Only who may trace every process (CAP_SYS_PTRACE: root outside containers) still can. A program that is started
    begins as one that can be read.
    """
    _LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def confine() -> bool:
    """Confine this process, and all that it will start, for good; tell whether the kernel has Landlock.

    Call it before there is a second thread, which would stay as it was.
    """
    _LIBC.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    walled = _landlock()
    header = struct.pack("Ii", _CAPABILITIES, 0)
    held = ctypes.create_string_buffer(24)  # effective, permitted, inheritable, twice
    if not _LIBC.capget(header, held):
        effective, permitted = struct.unpack_from("II", held.raw)
        kept = struct.pack("6I", effective & _DAC_READ_SEARCH, permitted & _DAC_READ_SEARCH, 0, 0, 0, 0)
        _LIBC.capset(header, kept)
    return walled


def _landlock() -> bool:
    version = _LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:  # not in this kernel, or forbidden by a container
        return False
    denied = struct.pack(
        "QQQ",
        _REMOVE_AND_MAKE | (_TRUNCATE if version >= 3 else 0),
        _TCP if version >= 4 else 0,
        _SCOPES if version >= 6 else 0,
    )
    rules = _LIBC.syscall(_CREATE_RULESET, denied, ctypes.c_size_t(len(denied)), 0)
    # The descriptor stays: closing it would change nothing.
    return rules >= 0 and not _LIBC.syscall(_RESTRICT_SELF, rules, 0)
