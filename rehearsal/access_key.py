"""The access key of one run: random, so that it opens nothing but this run's embedded AWS."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-east-1"
_ID_CHARACTERS = string.ascii_uppercase + "234567"
_ID_LENGTH, _SECRET_BYTES = 16, 30


@dataclass(frozen=True)
class AccessKey:
    """As IAM makes them; the secret is in no representation of it."""

    id: str
    secret: str = field(repr=False)

    @classmethod
    def random(cls, prefix: str = "AKIA") -> "AccessKey":
        id_ = prefix + "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))
        return cls(id_, secrets.token_urlsafe(_SECRET_BYTES))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that every AWS SDK reads."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}

    def signed(
        self, method: str, url: str, *, service: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> dict[str, str]:
        """`headers`, and those that sign a request with them."""
        request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
        SigV4Auth(Credentials(self.id, self.secret), service, REGION).add_auth(request)
        return dict(request.headers.items())
