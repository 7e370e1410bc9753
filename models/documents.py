"""The one door for documents: JSON or YAML text in, a noun or a DocumentError out."""

import hashlib
import json
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from models.errors import DocumentError, FieldError
from models.foreign import command_for
from models.parsing import MAX_BYTES, MAX_FILE_BYTES, escaped, parse, refuse, shorten
from models.problems import KINDS, AnyPlan, AnyProblem
from models.prompts import PromptTable

__all__ = [
    "MAX_BYTES",
    "MAX_FILE_BYTES",
    "digest",
    "field_errors",
    "parse",
    "read_plan",
    "read_problem",
    "shorten",
    "validate",
]

T = TypeVar("T")

_REMEDIES = {
    "missing": "add the field",
    "extra_forbidden": "remove it, or check its spelling",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "string_type": "write a string in quotes",
    "bool_type": "write true or false",
    "tuple_type": "write a list in brackets",
    "dict_type": "write an object in braces",
    "model_type": "write an object in braces",
    "model_attributes_type": "write an object in braces",
    "too_short": "add at least one entry",
    "too_long": "cut it down",
    "enum": "use one of the values named",
    "literal_error": "use one of the values named",
    "greater_than_equal": "write a number in that range",
    "less_than_equal": "write a number in that range",
    "string_too_short": "write a longer one",
    "string_too_long": "shorten it",
    "string_pattern_mismatch": "use letters, digits, single spaces and . _ + / : @ -",
}


# In the words of a document: pydantic speaks of tuples and of validation.
_REASONS = {
    "missing": "the field is missing",
    "extra_forbidden": "there is no such field",
    "int_type": "not a whole number",
    "int_from_float": "not a whole number",
    "string_type": "not a string",
    "bool_type": "neither true nor false",
    "tuple_type": "not a list",
    "dict_type": "not an object",
    "model_type": "not an object",
    "model_attributes_type": "not an object",
    "too_short": "{actual_length} entries are too few: at least {min_length}",
    "too_long": "more than {max_length} entries",
    "enum": "not one of the values {expected}",
    "literal_error": "not one of the values {expected}",
    "greater_than_equal": "less than {ge}",
    "less_than_equal": "more than {le}",
    "string_too_short": "shorter than {min_length} characters",
    "string_too_long": "longer than {max_length} characters",
    "string_pattern_mismatch": "not a name",
}


def read_problem(text: str | bytes, most: int = MAX_BYTES) -> AnyProblem:
    """The problem in a JSON or YAML document of at most `most` bytes. Raises DocumentError."""
    value = parse(text, most)
    return validate(value, _kind_of(value)[0])


def read_plan(text: str | bytes) -> AnyPlan:
    """The plan in a JSON or YAML document, or the `plan` of a certificate. Raises DocumentError."""
    value = parse(text)
    if isinstance(value, dict) and isinstance(value.get("plan"), dict):
        value = value["plan"]
    return validate(value, _kind_of(value)[1])


def read_prompts(text: str | bytes, most: int = MAX_BYTES) -> PromptTable:
    """The table of prompts in a document of at most `most` bytes. Raises DocumentError."""
    return validate(parse(text, most), PromptTable)


def validate(value: object, kind: type[T]) -> T:
    """The noun of type `kind` in parsed JSON. Raises DocumentError with one fault per field."""
    try:
        # In JSON mode lists are tuples and strings enumeration values, everything else is strict.
        return TypeAdapter(kind).validate_json(json.dumps(value))
    except ValidationError as error:
        raise DocumentError(field_errors(error.errors(include_url=False))) from None


def digest(problem: BaseModel) -> str:
    """SHA-256 of the canonical JSON of a problem: keys sorted, quantities as integers.

    Left out are `about`, which changes nothing, and nothing else.
    """
    data = problem.model_dump(mode="json", exclude={"about"})
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def field_errors(details: list[ErrorDetails]) -> tuple[FieldError, ...]:
    """Pydantic's errors as faults with pointer, value, reason and remedy; at most 20.

    Pydantic calls a list of wrong items too short as well; that is left out.
    """
    inside = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    told = [d for d in details if d["type"] != "too_short" or d["loc"] not in inside]
    return tuple(_field_error(detail) for detail in told[:20])


def _kind_of(value: object) -> tuple[type[AnyProblem], type[AnyPlan]]:
    if not isinstance(value, dict):
        refuse(shorten(value), "the document is not an object", "write fields in braces")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        got = "nothing" if kind is None else shorten(kind)
        refuse(got, "the kind is not known", _kind_remedy(value), "/kind")
    return KINDS[kind]


def _kind_remedy(document: dict[str, object]) -> str:
    """The kinds, or how a document of a format of others becomes one of them."""
    command = command_for(document)
    if command is None:
        return f"use one of: {', '.join(KINDS)}"
    return f"this looks like a file of another tool: read it with 'edgeplan {command}'"


def _field_error(detail: ErrorDetails) -> FieldError:
    context = detail.get("ctx", {})
    # Pydantic puts the kind that it chose into the location of a union's fields.
    at = context.get("at", ())
    location = [str(part) for part in (*detail["loc"], *at) if part not in KINDS]
    remedy = context.get("remedy") or _REMEDIES.get(detail["type"], "see 'edgeplan schema'")
    value = "nothing" if detail["type"] == "missing" else _value(detail["input"], at)
    pointer = "".join(f"/{escaped(part)}" for part in location if part != "[key]")
    if detail["type"] == "missing" and isinstance(detail["loc"][-1], int):
        return FieldError(pointer, value, "the list ends before this entry", "add the entry")
    return FieldError(pointer, value, _reason(detail), remedy)


def _reason(detail: ErrorDetails) -> str:
    """What is wrong in the words of a document; pydantic's own where it is not told here."""
    said = _REASONS.get(detail["type"])
    return detail["msg"] if said is None else said.format(**detail.get("ctx", {}))


def _value(whole: object, at: tuple[str | int, ...]) -> str:
    """What stood at a place inside a value, shortened; "nothing" where the field was left out."""
    for part in at:
        if isinstance(whole, BaseModel):
            whole = dict(whole)
        if isinstance(whole, dict):
            whole = whole.get(part)
        elif isinstance(whole, list | tuple) and isinstance(part, int):
            whole = whole[part]
    return "nothing" if whole is None and at else shorten(whole)
