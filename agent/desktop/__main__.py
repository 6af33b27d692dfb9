"""`python -m agent.desktop SOCKET…`: the companion as a process that has loaded nothing else.

`device-health desktop` reads the configuration and then becomes this process.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys

from agent.desktop.companion import Companion
from agent.desktop.single_posix import hold_alone

_log = logging.getLogger(__name__)

EXIT_NO_LOCK = 1


def main(arguments: list[str]) -> int:
    """Run until the session ends; 0 also when another companion of this user runs already."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        lock = hold_alone(os.environ)
    except OSError as error:
        _log.error("no place for the lock of this user's companion: %s", error)
        return EXIT_NO_LOCK
    if lock is None:
        _log.info("this user's companion runs already")
        return 0
    companion = Companion(arguments, dict(os.environ), end=_end_of_process())
    companion.run(is_session_alive=lock.is_in_place)
    companion.leave()
    return 0


def _end_of_process() -> socket.socket:
    """Readable once a signal asks the process to end; what is under way is finished first, so that it is known."""
    asked, asking = socket.socketpair()
    asking.settimeout(0)
    signal.set_wakeup_fd(asking.detach())
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sign, lambda *_: None)
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
