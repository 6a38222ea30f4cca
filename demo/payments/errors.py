from __future__ import annotations


class ApiError(Exception):
    """An answer of Stripe's error shape.

    ``is_kept`` says whether an idempotency key remembers it: Stripe keeps what happened once
    work began, and forgets requests that were malformed from the start ("Idempotent requests").
    """

    is_kept = False

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param

    def as_body(self) -> dict:
        error = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


class Invalid(ApiError):
    """The request itself is wrong; nothing was begun."""


class Refused(ApiError):
    """The request is well formed, but the state of things does not allow it."""

    is_kept = True


def missing(kind: str, identifier: str, *, param: str = "id") -> Invalid:
    """Say that there is no such object, in Stripe's words."""
    return Invalid(f"No such {kind}: '{identifier}'", status=404, code="resource_missing", param=param)
