"""The cookie of a browser's session, which only this server can read, and the tokens that its forms carry.

The cookie holds the caller's token, encrypted under a key that is made when the server starts and shared by its
workers. So nothing has to be kept for a session, a token that is over or taken back ends it at once, and what lies in
a browser's files is of no use to anything but this server, for some hours.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

HOURS = 12
"""How long a session lasts. A token that ends earlier ends it earlier."""

SECONDS = HOURS * 3600


class Session(NamedTuple):
    """A session. `name` is random, and belongs to it alone."""

    name: str
    token: str

    def __repr__(self) -> str:
        return f"Session({self.name!r})"


def new_key() -> str:
    """A key for the sessions of a server, and of all its workers."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


class Sessions:
    """Makes sessions, and finds them again. An empty `key` is a new one."""

    def __init__(self, key: str = "", *, clock: Callable[[], float] = time.time) -> None:
        from cryptography.fernet import Fernet

        key = key or new_key()
        self._fernet = Fernet(key)
        self.secret = base64.urlsafe_b64decode(key)
        """For keys that are made of it; never used by itself."""
        # The key of the cookies is never used for anything else.
        self._form_key = hmac.digest(self.secret, b"terrace forms", "sha256")
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, token: str) -> str:
        """The cookie of a new session."""
        held = json.dumps([secrets.token_urlsafe(16), token]).encode()
        return self._fernet.encrypt_at_time(held, int(self._clock())).decode()

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie; None for one that is over, or was not made here."""
        from cryptography.fernet import InvalidToken

        try:
            held = self._fernet.decrypt_at_time(cookie.encode(), ttl=SECONDS, current_time=int(self._clock()))
        except (InvalidToken, ValueError):
            return None
        found = Session(*json.loads(held))
        return None if found.name in self._ended else found

    def end(self, session: Session) -> None:
        """Take the session's cookie no more, in this worker; its browser forgets it anyway."""
        now = self._clock()
        with self._lock:
            self._ended = {name: until for name, until in self._ended.items() if until > now}
            self._ended[session.name] = now + SECONDS

    def form_token(self, name: str) -> str:
        """What a form carries that was given to the browser known by `name`."""
        return hmac.new(self._form_key, name.encode("utf-8", "replace"), "sha256").hexdigest()

    def is_form_of(self, name: str, token: str) -> bool:
        """Whether a form with this token was given to the browser known by `name`."""
        given = token.encode("utf-8", "replace")
        return bool(name) & hmac.compare_digest(self.form_token(name).encode(), given)
