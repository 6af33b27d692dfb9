"""Who owns a TCP connection on this machine, told by the kernel's own table.

A cookie for 127.0.0.1 goes to every port there, so another user's server could be shown it; a session therefore counts
only on connections of the user that it was given to.
"""

from __future__ import annotations

import ipaddress
import sys

from agent.outputs.exchange import Peer

_TABLES = {4: "/proc/net/tcp", 6: "/proc/net/tcp6"}
_LOCAL, _UID = 1, 7
"""Columns of the table. Source: Documentation/networking/proc_net_tcp.rst."""


def can_be_told() -> bool:
    """Whether this system tells the owner of a connection at all."""
    return sys.platform == "linux"


def owner_of(peer: Peer) -> int | None:
    """The uid of the process at the other end of a connection over loopback; nothing where it has gone."""
    if peer.over_unix:
        return peer.uid
    address = ipaddress.ip_address(peer.address)
    wanted = f"{_as_in_table(address.packed)}:{peer.port:04X}"
    try:
        with open(_TABLES[address.version], encoding="ascii") as table:
            next(table, None)  # the heading
            for line in table:
                columns = line.split()
                if columns[_LOCAL] == wanted:
                    return int(columns[_UID])
    except OSError:
        return None
    return None


def _as_in_table(packed: bytes) -> str:
    """An address as the kernel prints it: words of four bytes, each in the machine's byte order."""
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
