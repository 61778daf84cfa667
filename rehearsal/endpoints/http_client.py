"""One HTTP response or none: aiohttp with what the router and the load generator need of it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

_IDLE_SECONDS = 1.0
"""Shorter than any usual server keeps an idle connection: no request meets one that the server closes this moment."""

_LARGE_BYTES = 2**20
"""A larger body is sent in parts: as a whole it would hold up every other request."""

_UNSENT_HEADERS = ("Accept", "Accept-Encoding", "User-Agent")
"""aiohttp would add them; a container gets what SageMaker passes on."""


class NoResponseError(Exception):
    """The server gave no complete response: refused, reset, malformed, or too late."""


@dataclass(frozen=True)
class HttpResponse:
    """Header names are in lower case; nothing of the body is decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Keeps connections to any number of servers; used and closed on one event loop. No POST is sent twice."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout_seconds: float
    ) -> HttpResponse:
        """Send a request and read its response.

        Raises:
            NoResponseError: there was no complete response within the time.
        """
        if self._session is None:
            self._session = _open_session()
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=io.BytesIO(body) if len(body) > _LARGE_BYTES else body,
                timeout=aiohttp.ClientTimeout(total=timeout_seconds),
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except TimeoutError as exc:
            raise NoResponseError(f"no response within {timeout_seconds:g} s") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise NoResponseError(str(exc) or type(exc).__name__) from exc
        fields = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status, fields, content)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_UNSENT_HEADERS,
    )
