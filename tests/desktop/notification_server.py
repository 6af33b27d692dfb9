"""A notification server for the fine points of the protocol: remembers every call, closes for any reason, refuses."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection

from agent.desktop.notifier import NAME, SERVER

EVERYTHING = ("actions", "body", "body-markup", "persistence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One call of Notify."""

    handle: int
    replaces: int
    title: str
    body: str
    actions: tuple[str, ...]
    urgency: int
    expires: int


@dataclass
class NotificationServer:
    """Owns the name from `with` to its end; may begin again as another server."""

    address: str
    capabilities: tuple[str, ...] = EVERYTHING
    refuses: bool = False
    calls: list[Shown] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)

    def __enter__(self) -> NotificationServer:
        self._connection = open_dbus_connection(self.address)
        self._next = 1
        self._is_ending = False
        self._connection.send_and_get_reply(message_bus.RequestName(NAME))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._is_ending = True
        self._thread.join()
        self._connection.close()

    def close_by(self, handle: int, reason: int) -> None:
        """Say that a notification was closed for this reason."""
        self._say("NotificationClosed", "uu", (handle, reason))

    def use(self, handle: int, action: str) -> None:
        """Say that the person used an action."""
        self._say("ActionInvoked", "us", (handle, action))

    def _say(self, signal: str, signature: str, values: tuple[object, ...]) -> None:
        emitter = DBusAddress(SERVER.object_path, interface=NAME)
        self._connection.send(new_signal(emitter, signal, signature, values))

    def _serve(self) -> None:
        while not self._is_ending:
            with contextlib.suppress(TimeoutError):
                message = self._connection.receive(timeout=0.05)
                if message.header.message_type is MessageType.method_call:
                    self._connection.send(self._answer(message))

    def _answer(self, message: Message) -> Message:
        member = message.header.fields[HeaderFields.member]
        if self.refuses:
            return new_error(message, f"{NAME}.Error", "s", ("too many notifications",))
        if member == "GetCapabilities":
            return new_method_return(message, "as", (list(self.capabilities),))
        if member == "GetServerInformation":
            return new_method_return(message, "ssss", ("test", "nobody", "1", "1.2"))
        if member == "CloseNotification":
            self.closed.append(message.body[0])
            return new_method_return(message)
        return new_method_return(message, "u", (self._show(message),))

    def _show(self, message: Message) -> int:
        _application, replaces, _icon, title, body, actions, hints, expires = message.body
        handle = replaces or self._next
        self._next = max(self._next, handle + 1)
        self.calls.append(
            Shown(
                handle=handle,
                replaces=replaces,
                title=title,
                body=body,
                actions=tuple(actions),
                urgency=hints["urgency"][1],
                expires=expires,
            )
        )
        return handle
