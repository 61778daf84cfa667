"""Every role has an access key of its own, by which its requests are told from all others."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable

from rehearsal.cloud.clients import Clients
from rehearsal.cloud.environment import client_environment

_CREDENTIAL = re.compile(r"Credential=([^/]+)/")
_SECRET = "none is checked"  # noqa: S105 — the emulator verifies no signature


class Identities:
    """Hands out the keys, and knows whose a key is."""

    def __init__(self, endpoint_url: str, assumed_role: Callable[[str], str | None] = lambda _: None) -> None:
        """`assumed_role` knows the roles that callers have taken on by themselves."""
        self._endpoint_url, self._assumed_role = endpoint_url, assumed_role
        self._roles: dict[str, str] = {}
        self._clients: dict[str, Clients] = {}
        self._lock = threading.Lock()

    def credentials(self, role_arn: str) -> dict[str, str]:
        """As the variables that every AWS SDK reads; the same role always has the same."""
        key = f"ASIA{hashlib.sha256(role_arn.encode()).hexdigest()[:16].upper()}"
        with self._lock:
            self._roles[key] = role_arn
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": _SECRET}

    def environment(self, role_arn: str) -> dict[str, str]:
        """What a process needs to reach the emulator as `role_arn`."""
        return client_environment(self._endpoint_url) | self.credentials(role_arn)

    def clients(self, role_arn: str) -> Clients:
        """boto3 clients that act as `role_arn`."""
        credentials = self.credentials(role_arn)
        with self._lock:
            if role_arn not in self._clients:
                self._clients[role_arn] = Clients(self._endpoint_url, credentials)
            return self._clients[role_arn]

    def role_of(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The role that signed a request with these headers; None for anybody else."""
        signed = next((value for name, value in headers if name.lower() == b"authorization"), b"")
        found = _CREDENTIAL.search(signed.decode("latin-1"))
        if found is None:
            return None
        return self._roles.get(found[1]) or self._assumed_role(found[1])
