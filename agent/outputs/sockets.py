"""Listening sockets: bound with a clear word when that fails, and a Unix socket's file cleaned up.

Windows has no AF_UNIX in Python; whatever else may stand in for it there belongs here too.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import stat
import struct
from dataclasses import dataclass

from agent.outputs.exchange import Peer

BACKLOG = 64
"""Connections that wait to be accepted; accepting takes microseconds, so this is only for bursts."""
ANSWER_SECONDS = 0.5
"""How long an old socket's owner has to take a connection before its file counts as left over."""


class ListenError(Exception):
    """An address cannot be listened on; the message names it, the reason and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """A host (name or address) and a port, 0 for any free one. `loopback_only` refuses every other address."""

    host: str
    port: int
    loopback_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unix:
    """A socket file that every local user may connect to."""

    path: str


Address = Tcp | Unix


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A listening socket; `identity` is the device and inode of a Unix socket's file."""

    socket: socket.socket
    identity: tuple[int, int] | None = None

    def address(self) -> str:
        """`host:port` with the real port, `[host]:port` for IPv6, or the path."""
        name = self.socket.getsockname()
        if isinstance(name, str):
            return name
        host, port = name[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        """Stop listening, and remove the socket's file if it is still ours."""
        path = self.socket.getsockname() if self.identity else None
        self.socket.close()
        if path:
            with contextlib.suppress(OSError):
                if _identity(path) == self.identity:
                    os.unlink(path)


def bind(address: Address) -> Bound:
    """Listen on the address.

    Raises:
        ListenError: it is taken, not allowed, not there or not loopback.
    """
    bound = _bind_unix(address.path) if isinstance(address, Unix) else _bind_tcp(address)
    bound.socket.settimeout(0)  # asyncio wants it so
    return bound


def peer_of(connection: socket.socket) -> Peer:
    """Who is on the other end: the user by SO_PEERCRED (unix(7)) or the address."""
    if connection.family != getattr(socket, "AF_UNIX", None):
        address, port = connection.getpeername()[:2]
        return Peer(over_unix=False, address=str(address), port=int(port))
    if not hasattr(socket, "SO_PEERCRED"):  # macOS and the BSDs; a caller that is not known may only look
        return Peer(over_unix=True)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return Peer(over_unix=True, uid=uid)


def _bind_tcp(address: Tcp) -> Bound:
    where = f"{address.host}:{address.port}"
    try:
        found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: {error.strerror or error}; expected host:port") from error
    # IPv4 first: `localhost` is both, and people type 127.0.0.1.
    family, _, _, _, name = min(found, key=lambda entry: entry[0] is not socket.AF_INET)
    if address.loopback_only and not ipaddress.ip_address(str(name[0])).is_loopback:
        raise ListenError(f"cannot listen on {where}: it is not a loopback address; use 127.0.0.1 or [::1]")
    try:
        listening = socket.create_server((str(name[0]), address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: {_reason(error)}") from error
    return Bound(socket=listening)


def _bind_unix(path: str) -> Bound:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o755, exist_ok=True)
        _remove_leftover(path)
        listening.bind(path)
        os.chmod(path, 0o666)  # noqa: S103  # everyone may ask; what each may do is decided by uid
        listening.listen(BACKLOG)
        return Bound(socket=listening, identity=_identity(path))
    except OSError as error:
        listening.close()
        raise ListenError(f"cannot listen on {path}: {_reason(error)}") from error
    except ListenError:
        listening.close()
        raise


def _remove_leftover(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"cannot listen on {path}: there is a file that is no socket; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return
        except TimeoutError:
            pass  # its queue is full, so somebody owns it
    raise ListenError(f"cannot listen on {path}: another program answers there; stop it or choose another path")


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _reason(error: OSError) -> str:
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
