"""Errors of a document, told in the words of the person who wrote it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One fault of a document.

    pointer: JSON Pointer (RFC 6901) of the field; value: what stood there, shortened;
    reason: what is wrong; remedy: what to write instead.
    """

    pointer: str
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        got = f" (got {self.value})" if self.value else ""
        return f"{self.pointer or '/'}: {self.reason}{got}; {self.remedy}"


class DocumentError(ValueError):
    """A document that does not parse or contradicts itself; `faults` is never empty."""

    def __init__(self, faults: tuple[FieldError, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
