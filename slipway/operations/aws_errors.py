"""Errors of AWS calls as one line for the user, with the next step."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from slipway.errors import LaunchError

_NOT_ACCEPTED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthFailure",
)
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled")


class RefusedError(LaunchError):
    """An operator's command is refused: there is nothing to act on, or it would do harm."""


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn botocore's errors into one line for the user.

    Raises:
        LaunchError: with the line.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, TokenRetrievalError, UnauthorizedSSOTokenError) as exc:
        raise LaunchError(
            "AWS credentials are needed (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), got none that "
            f"are valid: {exc}"
        ) from exc
    except NoRegionError as exc:
        raise LaunchError("a region is needed: set region in the settings, or AWS_DEFAULT_REGION") from exc
    except ProfileNotFound as exc:
        raise LaunchError(f"AWS_PROFILE must name a configured profile: {exc}") from exc
    except (EndpointConnectionError, HTTPClientError) as exc:
        raise LaunchError(f"AWS cannot be reached, check the network and AWS_ENDPOINT_URL: {exc}") from exc
    except ClientError as exc:
        raise LaunchError(_explain(exc)) from exc
    except BotoCoreError as exc:
        raise LaunchError(f"the AWS call failed: {exc}") from exc


def code_of(exc: ClientError) -> str:
    return str(exc.response["Error"]["Code"])


def message_of(exc: ClientError) -> str:
    return str(exc.response["Error"].get("Message", ""))


def _explain(exc: ClientError) -> str:
    code, message = code_of(exc), message_of(exc)
    if code in _NOT_ACCEPTED:
        return f"AWS does not accept these credentials ({code}), renew them: {message}"
    if code in _DENIED:
        return f"these credentials lack the permission for {exc.operation_name}: {message}"
    return f"{exc.operation_name} failed with {code}: {message}"
