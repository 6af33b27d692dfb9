"""Calling users: their names for the record, and who of them may silence; looked up outside the event loop."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import lru_cache

LOOKUP_SECONDS = 2.0
"""Names may come from a directory server that does not answer; the number will do then."""


async def user_name(uid: int) -> str:
    """The login name, or `uid 1234` where it cannot be found in time; looked up outside the event loop."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(_look_up, uid), LOOKUP_SECONDS)
    except (KeyError, TimeoutError):
        return f"uid {uid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silencers:
    """Who may silence rules: root, the agent's own user, and those named."""

    own_uid: int
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


async def may_silence(uid: int, silencers: Silencers) -> bool:
    """Whether the user is one of them; asked anew each time, as a membership may be taken away.

    Raises:
        TimeoutError: the directory server does not answer.
    """
    if uid in (0, silencers.own_uid):
        return True
    if not silencers.users and not silencers.groups:
        return False
    return await asyncio.wait_for(asyncio.to_thread(_is_named, uid, silencers), LOOKUP_SECONDS)


def _is_named(uid: int, silencers: Silencers) -> bool:
    import grp  # noqa: PLC0415  # missing on Windows
    import pwd  # noqa: PLC0415

    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return False
    if user.pw_name in silencers.users:
        return True
    memberships = set(os.getgrouplist(user.pw_name, user.pw_gid)) if silencers.groups else set()
    for name in silencers.groups:
        try:
            if grp.getgrnam(name).gr_gid in memberships:
                return True
        except KeyError:  # a group that this machine does not know has no members
            continue
    return False


@lru_cache(maxsize=64)
def _look_up(uid: int) -> str:
    import pwd  # noqa: PLC0415  # missing on Windows, which has no uids either

    return pwd.getpwuid(uid).pw_name
