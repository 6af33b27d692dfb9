"""A numeric Internet address, and how a configured address becomes one.

Names are looked up in a thread of their own with a deadline: the C library's resolver cannot be interrupted.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from enum import Enum
from threading import Thread

LOOKUP_DEADLINE_SECONDS = 5.0
"""glibc's own timeout for one name server; two dead ones take it 20 s or more, and a person has hung up by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One numeric IPv4 or IPv6 address; `scope` is the interface index of a link-local one."""

    family: socket.AddressFamily
    host: str
    scope: int = 0

    def socket_address(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """The address in the form that sockets take."""
        return (self.host, port) if self.family is socket.AF_INET else (self.host, port, 0, self.scope)

    def __str__(self) -> str:
        return f"{self.host}%{self.scope}" if self.scope else self.host


class Naming(Enum):
    """How looking up a name went."""

    PENDING = "pending"
    FOUND = "found"
    UNKNOWN_NAME = "unknown name"
    """A name server says that there is no such name, or none with an address."""
    NO_ANSWER = "no answer"
    """No name server answered, or none within the deadline."""


def parse_address(text: str) -> Address | None:
    """The address that the text spells (`192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`), or nothing if it is a name."""
    try:
        return _addresses(text, socket.AI_NUMERICHOST)[0]
    except (OSError, UnicodeError):  # the second for what cannot even be a name: an empty label, or one too long
        return None


class Lookup:
    """One look-up of a name under way; it is polled, and abandoned when it hangs."""

    def __init__(self, name: str, started_at: float) -> None:
        self._name = name
        self._started_at = started_at
        self._outcome: tuple[Naming, tuple[Address, ...]] | None = None
        self._thread = Thread(target=self._run, name="ping-lookup", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the resolver has not come back yet, deadline or not."""
        return self._outcome is None

    def outcome(self, now: float) -> tuple[Naming, tuple[Address, ...]]:
        """How it went, and the addresses in the system's order of preference (RFC 6724)."""
        if self._outcome is not None:
            return self._outcome
        late = now - self._started_at > LOOKUP_DEADLINE_SECONDS
        return (Naming.NO_ANSWER if late else Naming.PENDING), ()

    def _run(self) -> None:
        try:
            self._outcome = (Naming.FOUND, _addresses(self._name, 0))
        except socket.gaierror as error:
            is_answer = error.errno in {socket.EAI_NONAME, socket.EAI_NODATA}
            self._outcome = (Naming.UNKNOWN_NAME if is_answer else Naming.NO_ANSWER, ())
        except UnicodeError:
            self._outcome = (Naming.UNKNOWN_NAME, ())
        except OSError:
            self._outcome = (Naming.NO_ANSWER, ())


def _addresses(text: str, flags: int) -> tuple[Address, ...]:
    found = socket.getaddrinfo(text, None, type=socket.SOCK_STREAM, flags=flags)
    return tuple(_from_socket(family, address) for family, _, _, _, address in found if family in _FAMILIES)


def _from_socket(family: socket.AddressFamily, address: tuple[object, ...]) -> Address:
    scope = address[3] if len(address) > 3 else 0
    return Address(family=family, host=str(address[0]), scope=scope if isinstance(scope, int) else 0)


_FAMILIES = frozenset({socket.AF_INET, socket.AF_INET6})
