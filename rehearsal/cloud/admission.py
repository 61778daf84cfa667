"""Which requests are accepted: those signed with a key of this run, and none of a web page."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from rehearsal.access_key import AccessKey
from rehearsal.cloud.ministack.asgi_server import Scope
from rehearsal.cloud.ministack.signature_claims import Claim, issued_secret
from rehearsal.cloud.rejected_requests import RejectedRequestError
from rehearsal.cloud.signatures import Signatures, SignedRequest

_CAPABILITY = re.compile(r"/_ministack/cfn-(?:response|signal)/[\w-]+")
"""CloudFormation's own URLs for the responses of custom resources: presigned on AWS, and here as hard to guess."""

_MOST_RESPONSE_BYTES = 4096
"""Of such a response, as on AWS. It is not signed, so this limits what an unknown sender can store here."""

_OWN = "/_"
"""Paths of this process that are no part of AWS; no path of S3 begins so."""

_OWN_TO_THE_BROWSER = ("origin", "sec-fetch-site")
"""A browser adds these and no script can remove them; no SDK sends them."""


class Admission:
    """Attributes: key: the run's, which may do everything."""

    def __init__(self, key: AccessKey, secret_of_role: Callable[[str], str | None], *, port: int) -> None:
        """`secret_of_role` finds the secret of a key by which functions, jobs and endpoints act."""
        self.key, self._secret_of_role = key, secret_of_role
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._signatures = Signatures(self._secret_of)

    def also_as(self, host: str) -> None:
        """Accept `host`, a name with a port, as Host: that of a relay which passes requests on unchanged."""
        self._hosts.add(host)

    def enter(self, request: SignedRequest) -> "Entry":
        """What can be checked before the body has come.

        Raises:
            RejectedRequestError: the request is rejected.
        """
        if request.header("host").lower() not in self._hosts:
            raise RejectedRequestError("AccessDenied", f"Host must be one of {', '.join(sorted(self._hosts))}")
        if sent := [name for name in _OWN_TO_THE_BROWSER if request.header(name)]:
            raise RejectedRequestError(
                "AccessDenied", f"Requests of web pages are not answered, and this one has {sent[0]}"
            )
        if request.method == "PUT" and _CAPABILITY.fullmatch(request.path):
            return Entry(lambda _: None, most_bytes=_MOST_RESPONSE_BYTES)
        claim, secret = self._signatures.claim(request)
        if unquote(request.path).startswith(_OWN) and claim.access_key_id != self.key.id:
            raise RejectedRequestError("AccessDenied", f"{request.path} answers the key of the run alone")
        return Entry(lambda body: self._signatures.verify(request, claim, secret, body), claim)

    def _secret_of(self, access_key_id: str, session_token: str) -> str:
        if access_key_id == self.key.id:
            return self.key.secret
        return self._secret_of_role(access_key_id) or issued_secret(access_key_id, session_token)


class Entry:
    """A request whose head is acceptable. `verify` raises RejectedRequestError where it does not fit its body.

    Attributes:
        claim: who has signed it; None where no signature is required.
        most_bytes: how long its body may be; None where the signature covers it.
    """

    def __init__(
        self, verify: Callable[[bytes], None], claim: Claim | None = None, *, most_bytes: int | None = None
    ) -> None:
        self.verify, self.claim, self.most_bytes = verify, claim, most_bytes


def signed_request(scope: Scope) -> SignedRequest:
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
    query = scope.get("query_string", b"").decode("latin-1")
    return SignedRequest(scope["method"], path.decode("latin-1"), query, headers)


def named(request: SignedRequest) -> Mapping[str, str]:
    return {name: request.header(name) for name, _ in request.headers}
