"""The errors SageMaker answers with."""


class ApiError(Exception):
    """An error of the API: its code, and a message for the caller."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def validation_error(message: str) -> ApiError:
    """SageMaker's error for a request that it rejects, and for most unknown names."""
    return ApiError("ValidationException", message)


def not_found(message: str) -> ApiError:
    return ApiError("ResourceNotFound", message)


def in_use(message: str) -> ApiError:
    return ApiError("ResourceInUse", message)


def conflict(message: str) -> ApiError:
    return ApiError("ConflictException", message)
