"""Why a request is rejected."""


class RejectedRequestError(Exception):
    """Attributes: code: by which AWS's query protocol names it; other protocols have names of their own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def unknown_key() -> RejectedRequestError:
    return RejectedRequestError("UnrecognizedClientException", "The security token included in the request is invalid.")
