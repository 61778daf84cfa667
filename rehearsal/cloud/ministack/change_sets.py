"""ExecuteChangeSet responds a little later: the `cdk` command line polls at once, and then only every five seconds."""

import asyncio
import time
from typing import Any
from urllib.parse import parse_qs

from ministack import app as _app
from ministack.services import cloudformation as _cloudformation

LONGEST_SECONDS = 3.0
_LOOK_SECONDS = 0.02


def answer_when_settled() -> None:
    """Delay the response until the stack is settled, for `LONGEST_SECONDS` at most; its content stays the same."""
    known = _app.SERVICE_HANDLERS["cloudformation"]

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        answer = await known(method, path, headers, body, query)
        if answer[0] == 200 and b"Action=ExecuteChangeSet" in body:
            await _until_settled(parse_qs(body.decode()).get("StackName", [""])[0])
        return answer

    _app.SERVICE_HANDLERS["cloudformation"] = handle


async def _until_settled(reference: str) -> None:
    name = reference.split("/")[1] if reference.startswith("arn:") else reference
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        stack = _cloudformation._stacks.get(name)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return
        await asyncio.sleep(_LOOK_SECONDS)
