"""Answer errors as the contract's problem documents (section 9)."""

from __future__ import annotations

from typing import Any

PROBLEMS: dict[str, tuple[int, str]] = {
    "invalid-request": (400, "The request cannot be read"),
    "idempotency-key-missing": (400, "The Idempotency-Key is missing or malformed"),
    "unauthorized": (401, "The API key is missing or wrong"),
    "forbidden": (403, "This key may not do that"),
    "not-found": (404, "There is nothing here"),
    "duplicate-reference": (409, "This reference already exists"),
    "idempotency-in-progress": (409, "A request with this key is still running"),
    "not-cancellable": (409, "Nothing can be cancelled any more"),
    "not-returnable": (409, "These units cannot be returned"),
    "cursor-expired": (410, "The cursor is too old; start the walk again"),
    "payload-too-large": (413, "The request body is too large"),
    "unsupported-media-type": (415, "The request body must be application/json"),
    "validation-failed": (422, "The request is not valid"),
    "idempotency-key-reused": (422, "The key was used with another body"),
    "rate-limited": (429, "Too many requests"),
    "internal-error": (500, "Something went wrong here"),
    "not-supported": (501, "This account does not offer that"),
    "unavailable": (503, "Out of service for a moment"),
}
RETRYABLE = {"idempotency-in-progress", "rate-limited", "internal-error", "unavailable"}


class Problem(Exception):
    """Refuse a request with one of the contract's codes; further members go into the body."""

    def __init__(self, code: str, detail: str = "", *, retry_after: int | None = None, **members: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.status, self.title = PROBLEMS[code]
        self.detail = detail
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.members = members

    def body(self, request_id: str, path: str) -> dict[str, Any]:
        """Write the problem document for one request."""
        document: dict[str, Any] = {
            "type": f"https://supplier-contract.example/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "instance": path,
            "request_id": request_id,
            "retryable": self.code in RETRYABLE,
        }
        if self.detail:
            document["detail"] = self.detail
        return document | self.members


def invalid(*entries: dict[str, Any]) -> Problem:
    """Refuse a request that breaks the schema or a rule between its fields."""
    return Problem("validation-failed", errors=list(entries))


def entry(pointer: str, code: str, detail: str) -> dict[str, str]:
    """Name one fault at a JSON Pointer."""
    return {"pointer": pointer, "code": code, "detail": detail}
