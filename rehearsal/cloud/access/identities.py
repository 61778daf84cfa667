"""Every role has an access key of its own, by which its requests are recognised."""

import re
import threading
from collections.abc import Callable, Iterable

from rehearsal.access_key import AccessKey
from rehearsal.cloud.clients import Clients
from rehearsal.cloud.environment import client_environment

_CREDENTIAL = re.compile(r"Credential=([^/]+)/")


class Identities:
    """Issues the keys, and finds the role of a key."""

    def __init__(self, endpoint_url: str, assumed_role: Callable[[str], str | None] = lambda _: None) -> None:
        """`assumed_role` finds the role of a key that STS AssumeRole has issued."""
        self._endpoint_url, self._assumed_role = endpoint_url, assumed_role
        self._roles: dict[str, str] = {}
        self._keys: dict[str, AccessKey] = {}
        self._clients: dict[str, Clients] = {}
        self._lock = threading.Lock()

    def credentials(self, role_arn: str) -> dict[str, str]:
        """As the variables that every AWS SDK reads; the same role always has the same."""
        return self._key(role_arn).environment

    def secret_of(self, access_key_id: str) -> str | None:
        """Of a key that was handed out here; None for any other."""
        role = self._roles.get(access_key_id)
        return self._keys[role].secret if role else None

    def _key(self, role_arn: str) -> AccessKey:
        with self._lock:
            if role_arn not in self._keys:
                key = self._keys[role_arn] = AccessKey.random("ASIA")
                self._roles[key.id] = role_arn
            return self._keys[role_arn]

    def environment(self, role_arn: str) -> dict[str, str]:
        """What a process needs to reach the emulator as `role_arn`."""
        return client_environment(self._endpoint_url, self._key(role_arn))

    def clients(self, role_arn: str) -> Clients:
        """boto3 clients that act as `role_arn`."""
        key = self._key(role_arn)
        with self._lock:
            if role_arn not in self._clients:
                self._clients[role_arn] = Clients(self._endpoint_url, key)
            return self._clients[role_arn]

    def role_of(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The role that signed a request with these headers; None for any other caller."""
        signed = next((value for name, value in headers if name.lower() == b"authorization"), b"")
        found = _CREDENTIAL.search(signed.decode("latin-1"))
        if found is None:
            return None
        return self._roles.get(found[1]) or self._assumed_role(found[1])
