"""Notifications by org.freedesktop.Notifications on the session's bus, through jeepney.

Calls are made and answered at once; what the server says by itself (closed, action used, gone, here again) waits until
it is asked for. Desktop Notifications Specification 1.2/1.3, sections "D-BUS Protocol" and "Hints".
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageFlag,
    MessageType,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.auth import AuthenticationError
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from agent.desktop.words import Text

NAME = "org.freedesktop.Notifications"
SERVER = DBusAddress("/org/freedesktop/Notifications", bus_name=NAME, interface=NAME)
CALL_SECONDS = 5.0
"""A server answers in milliseconds; one that is started for this call (D-Bus activation) takes a second or two."""
APPLICATION = "device-health"
NEVER, BY_SERVER = 0, -1
"""Expiry: never, and as the server is set (specification, Notify)."""
DISMISSED_BY_USER = 2
"""NotificationClosed: 1 expired, 2 dismissed by the user, 3 closed by us, 4 undefined."""
_NORMAL, _CRITICAL = 1, 2


class CannotNotify(Exception):
    """No bus, no server, or it refuses; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A notification left the screen."""

    handle: int
    by_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """The person used an action."""

    handle: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanged:
    """The notification server went, or another one came; its numbers begin anew."""

    is_there: bool


Event = Closed | Used | ServerChanged
Actions = Mapping[str, str]
"""By key what the button says; `default` is a click on the notification itself."""


class Notifier:
    """One connection to the session's bus. An OSError from any call means that the bus is gone: make another."""

    def __init__(self, address: str) -> None:
        """Connect.

        Raises:
            CannotNotify: there is no such bus, or it refuses.
        """
        self._connection = _connect(address)
        self._signals: deque[Message] = deque()
        try:
            self._owner = self._watch()
        except (OSError, CannotNotify) as error:
            self._connection.close()
            raise CannotNotify(f"the session bus at {address} does not answer: {error}") from error
        self._capabilities: frozenset[str] | None = None
        self._server = ""

    def fileno(self) -> int:
        """Readable when something happened."""
        return int(self._connection.sock.fileno())

    def close(self) -> None:
        """Leave the bus."""
        self._connection.close()

    def notify(self, text: Text, *, replaces: int | None, is_critical: bool, stays: bool, actions: Actions) -> int:
        """Show it; the server's number for it.

        Raises:
            CannotNotify: nobody shows notifications here, or it refuses.
            OSError: the bus is gone.
        """
        able = self.capabilities()
        has_body = "body" in able or not able
        body = _escaped(text.body) if "body-markup" in able else text.body
        title = text.title if has_body else " ".join(f"{text.title} {text.body}".split())
        listed = [word for pair in actions.items() for word in pair] if "actions" in able else []
        hints = {
            "urgency": ("y", _CRITICAL if is_critical else _NORMAL),
            "category": ("s", "device.error" if is_critical else "device"),
            "desktop-entry": ("s", "device-health-desktop"),
            "resident": ("b", is_critical),  # "Details" does not end it: the fault is still there
        }
        values = (APPLICATION, replaces or 0, "", title, body if has_body else "", listed, hints)
        (handle,) = self._call("Notify", "susssasa{sv}i", (*values, NEVER if stays else BY_SERVER))
        return int(handle)

    def withdraw(self, handle: int) -> None:
        """Take it off the screen; one that is not there any more is no error.

        Raises:
            OSError: the bus is gone.
        """
        try:
            self._call("CloseNotification", "u", (handle,))
        except CannotNotify:
            return

    def capabilities(self) -> frozenset[str]:
        """What the server can do; asked once for each server.

        Raises:
            CannotNotify: as for `notify`.
        """
        if self._capabilities is None:
            (found,) = self._call("GetCapabilities")
            self._capabilities = frozenset(found)
        return self._capabilities

    def server(self) -> str:
        """The server's name and version, for the record.

        Raises:
            CannotNotify: as for `notify`.
        """
        if not self._server:
            name, _vendor, version, _specification = self._call("GetServerInformation")
            self._server = f"{name} {version}"
        return self._server

    def property_of(self, address: DBusAddress, name: str) -> object:
        """A property of a service that runs, with its type; nothing where there is none."""
        return self.ask_running(Properties(address).get(name))

    def ask_running(self, message: Message, *, position: int = 0) -> object:
        """One value of an answer; nothing from a service that does not run or refuses. Nothing is started for it."""
        message.header.flags = MessageFlag.no_auto_start
        answer = self._exchange(message)
        is_good = answer.header.message_type is MessageType.method_return and len(answer.body) > position
        return answer.body[position] if is_good else None

    def events(self) -> Iterator[Event]:
        """What happened since; call it when `fileno` is readable.

        Raises:
            OSError: the bus is gone.
        """
        while True:
            try:
                self._connection.recv_messages(timeout=0)
            except TimeoutError:
                break
        yield from self.waiting()

    def waiting(self) -> Iterator[Event]:
        """What came in while something else was asked."""
        while self._signals:
            event = self._event(self._signals.popleft())
            if event is not None:
                yield event

    def _watch(self) -> str:
        """Ask for the server's signals and for its comings and goings; the name of the one that is there."""
        rules = (
            MatchRule(type="signal", sender=NAME, interface=NAME, path=SERVER.object_path),
            MatchRule(type="signal", sender=message_bus.bus_name, member="NameOwnerChanged"),
        )
        rules[1].add_arg_condition(0, NAME)
        for rule in rules:
            self._exchange(message_bus.AddMatch(rule))
        self._connection.filter(MatchRule(type="signal"), queue=self._signals)
        answer = self._exchange(message_bus.GetNameOwner(NAME))
        return str(answer.body[0]) if answer.header.message_type is MessageType.method_return else ""

    def _event(self, message: Message) -> Event | None:
        fields = message.header.fields
        sender, member = fields.get(HeaderFields.sender), fields.get(HeaderFields.member)
        if sender == message_bus.bus_name and member == "NameOwnerChanged" and message.body[0] == NAME:
            self._owner = message.body[2]
            self._capabilities, self._server = None, ""
            return ServerChanged(is_there=bool(self._owner))
        if sender != self._owner:
            return None  # anybody on the bus can send us a signal; only the server's count
        if member == "NotificationClosed":
            return Closed(handle=message.body[0], by_person=message.body[1] == DISMISSED_BY_USER)
        return Used(handle=message.body[0], action=message.body[1]) if member == "ActionInvoked" else None

    def _call(self, method: str, signature: str = "", values: tuple[object, ...] = ()) -> Any:
        answer = self._exchange(new_method_call(SERVER, method, signature or None, values))
        if answer.header.message_type is MessageType.error:
            said = answer.body[0] if answer.body else answer.header.fields.get(HeaderFields.error_name)
            raise CannotNotify(f"the notification server refuses {method}: {said}")
        return answer.body

    def _exchange(self, message: Message) -> Message:
        try:
            return self._connection.send_and_get_reply(message, timeout=CALL_SECONDS)
        except TimeoutError:
            raise CannotNotify(f"no answer from the bus within {CALL_SECONDS:g} s") from None


def _connect(address: str) -> DBusConnection:
    try:
        return open_dbus_connection(address)
    except (OSError, ValueError, RuntimeError, AuthenticationError) as error:
        raise CannotNotify(f"no session bus at {address}: {error or type(error).__name__}") from error


def _escaped(body: str) -> str:
    """Text as markup (specification, "Markup"); html.escape would load a table of all entities for three letters."""
    return body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def session_bus(environment: Mapping[str, str]) -> str:
    """The address of the session's bus, the user's own bus where none is named (systemd's sd_bus_open_user)."""
    named = environment.get("DBUS_SESSION_BUS_ADDRESS")
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return named or f"unix:path={runtime}/bus"
