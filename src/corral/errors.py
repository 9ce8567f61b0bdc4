"""Every failure Corral can report, once: its message, its legacy code and its v2 status.

The server renders these at its doors, the SDK raises the same classes from what the doors sent.

    CorralError
    ├── AuthenticationError            who are you?            401
    │   └── KeyNotFoundError           this key is not known   401
    ├── AuthorisationError             not yours, or unknown   403
    ├── ResourceNotFoundError          no such thing           404
    ├── MethodNotAllowedError          not a verb of this      405
    ├── ResourceExistsError            already there           409
    ├── InvalidArgumentsError          the request is wrong    400
    │   ├── InvalidDateFormatError
    │   ├── UploadOperationNotSupportedError
    │   ├── FileTypeNotSupportedError
    │   ├── FileSizeNotSupportedError
    │   └── OperationNotAllowed
    ├── PayloadTooLargeError           body over the limit     413
    ├── RateLimitExceededError         too many requests       429
    ├── OperationNotBuiltError         known, not built yet    501
    ├── ServerError                    a fault of the server   500
    ├── TransportError                 no usable answer (SDK)
    └── JobError                       a job ended badly (SDK)
"""

from __future__ import annotations

from typing import ClassVar


class CorralError(Exception):
    """Something went wrong in Corral."""

    code: ClassVar[str] = "UNKNOWN_ERROR"
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)


class AuthenticationError(CorralError):
    """The request carries no valid signature or token. Check the key, the clock and the address."""

    code, status = "AUTHENTICATION_ERROR", 401


class KeyNotFoundError(AuthenticationError):
    """This public key is not registered. Ask an administrator to run `corral user add`."""

    code, status = "SSH_KEY_NOT_FOUND_ERROR", 401


class AuthorisationError(CorralError):
    """Not found, or you have no access to it. Ask an administrator of it to add you."""

    code, status = "AUTHORISATION_ERROR", 403


class ResourceNotFoundError(CorralError):
    """There is nothing with this identifier."""

    code, status = "RESOURCE_NOT_FOUND_ERROR", 404


class MethodNotAllowedError(CorralError):
    """This resource does not offer that operation."""

    code, status = "METHOD_NOT_ALLOWED_ERROR", 405


class ResourceExistsError(CorralError):
    """This already exists."""

    code, status = "RESOURCE_EXISTS_ERROR", 409


class InvalidArgumentsError(CorralError):
    """The request is not valid."""

    code, status = "INVALID_ARGUMENTS_ERROR", 400


class InvalidDateFormatError(InvalidArgumentsError):
    """This is not a date. Use ISO 8601, for example 2026-01-31T12:00:00Z."""

    code = "INVALID_DATE_FORMAT_ERROR"


class UploadOperationNotSupportedError(InvalidArgumentsError):
    """This dataset does not take uploads."""

    code = "UPLOAD_OPERATION_NOT_SUPPORTED_ERROR"


class FileTypeNotSupportedError(InvalidArgumentsError):
    """This type of file is not supported here."""

    code = "FILE_TYPE_NOT_SUPPORTED_ERROR"


class FileSizeNotSupportedError(InvalidArgumentsError):
    """This file is too large."""

    code = "FILE_SIZE_NOT_SUPPORTED_ERROR"


class OperationNotAllowed(InvalidArgumentsError):
    """This operation is not allowed in the present state."""

    code = "OPERATION_NOT_ALLOWED"


class PayloadTooLargeError(CorralError):
    """The request body is larger than the server accepts."""

    code, status = "PAYLOAD_TOO_LARGE_ERROR", 413


class RateLimitExceededError(CorralError):
    """Too many requests. Wait and try again."""

    code, status = "RATE_LIMIT_ERROR", 429

    def __init__(self, message: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OperationNotBuiltError(CorralError):
    """This operation is known but not built yet."""

    code, status = "OPERATION_NOT_BUILT_ERROR", 501


class ServerError(CorralError):
    """The server failed while handling the request. Its log has the details."""

    code, status = "UNKNOWN_ERROR", 500


class TransportError(CorralError):
    """The server could not be reached or its answer could not be read."""


class JobError(CorralError):
    """The job did not end well."""

    def __init__(self, message: str | None = None, errors: list[str] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or []
