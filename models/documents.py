"""The one door for documents: JSON or YAML text in, a noun or a DocumentError out."""

import hashlib
import json
import math
import re
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from models.base import first_duplicate
from models.errors import DocumentError, FieldError
from models.problems import KINDS, AnyPlan, AnyProblem
from models.prompts import PromptTable

# 8 MiB: the largest shipped instance has 40 KB; a megabyte-sized one is a mistake or an attack.
MAX_BYTES = 8 * 2**20
# PyYAML reads some 50 KB a second; five seconds are all that a stranger may ask for.
MAX_YAML_BYTES = 2**18
MAX_DEPTH = 40

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
    "string_pattern_mismatch": "use letters, digits, single spaces and . _ + / : @ -",
}


def read_problem(text: str | bytes) -> AnyProblem:
    """The problem in a JSON or YAML document. Raises DocumentError."""
    value = parse(text)
    return validate(value, _kind_of(value)[0])


def read_plan(text: str | bytes) -> AnyPlan:
    """The plan in a JSON or YAML document, or the `plan` of a certificate. Raises DocumentError."""
    value = parse(text)
    if isinstance(value, dict) and isinstance(value.get("plan"), dict):
        value = value["plan"]
    return validate(value, _kind_of(value)[1])


def read_prompts(text: str | bytes) -> PromptTable:
    """The table of prompts in a JSON or YAML document. Raises DocumentError."""
    return validate(parse(text), PromptTable)


def validate(value: object, kind: type[T]) -> T:
    """The noun of type `kind` in parsed JSON. Raises DocumentError with one fault per field."""
    try:
        # In JSON mode lists are tuples and strings enumeration values, everything else is strict.
        return TypeAdapter(kind).validate_json(json.dumps(value))
    except ValidationError as error:
        raise DocumentError(field_errors(error.errors(include_url=False))) from None


def parse(text: str | bytes) -> object:
    """Plain data from JSON, or else YAML, text. Raises DocumentError."""
    if len(text) > MAX_BYTES:
        _refuse(
            f"{len(text):,} bytes",
            f"the document is larger than {MAX_BYTES:,} bytes",
            "use 'repeat' for equal layers and 'default_link' for equal links",
        )
    try:
        string = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start}", "the document is not UTF-8", "save it as UTF-8")
    try:
        value = (
            _parse_json(string) if string.lstrip().startswith(("{", "[")) else _parse_yaml(string)
        )
    except RecursionError:
        _refuse("", "the document is nested too deeply", f"nest at most {MAX_DEPTH} levels")
    _check_tree(value, MAX_DEPTH)
    return value


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
        _refuse(shorten(value), "the document is not an object", "write fields in braces")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        got = "nothing" if kind is None else shorten(kind)
        _refuse(got, "the kind is not known", f"use one of: {', '.join(KINDS)}", "/kind")
    return KINDS[kind]


def _field_error(detail: ErrorDetails) -> FieldError:
    context = detail.get("ctx", {})
    # Pydantic puts the kind that it chose into the location of a union's fields.
    location = [str(part) for part in detail["loc"] if part not in KINDS]
    remedy = context.get("remedy") or _REMEDIES.get(detail["type"], "see 'edgeplan schema'")
    value = "nothing" if detail["type"] == "missing" else shorten(detail["input"])
    pointer = "".join(f"/{_escaped(part)}" for part in location if part != "[key]")
    return FieldError(pointer, value, detail["msg"], remedy)


def shorten(value: object, width: int = 60) -> str:
    """A value as it stood in the document, cut to `width` characters."""
    if isinstance(value, BaseModel):
        return f"the {type(value).__name__.lower()}"
    if isinstance(value, dict | list | tuple):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def _refuse(value: str, reason: str, remedy: str, pointer: str = "") -> NoReturn:
    raise DocumentError((FieldError(pointer, value, reason, remedy),))


def _parse_json(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_int=_bounded_int,
        )
    except json.JSONDecodeError as error:
        _refuse(
            shorten(text[max(0, error.pos - 10) : error.pos + 20]),
            f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}",
            "correct the syntax there",
        )


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = first_duplicate([key for key, _ in pairs])
    if twice is not None:
        _refuse(repr(twice), f"the key '{twice}' stands twice in one object", "keep one of them")
    return dict(pairs)


def _bounded_int(text: str) -> int:
    if len(text) > 40:
        _refuse(text[:20] + "…", "the number has over 40 digits", "write a number of sane size")
    return int(text)


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without anchors (they unfold into gigabytes), tags or timestamps."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            _refuse(f"*{event.anchor}", "YAML aliases are not taken", "write the value out")
        if event.tag is not None:
            _refuse(shorten(event.tag), "YAML tags are not taken", "write a plain value")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        _unique_keys([(str(key), None) for key in keys])
        return super().construct_mapping(node, deep)


# YAML 1.1 would read 3:00:00 as 10800 and 0777 as 511: whole numbers are decimal here.
_PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, regexp)
        for tag, regexp in resolvers
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)


def _parse_yaml(text: str) -> object:
    if len(text) > MAX_YAML_BYTES:
        _refuse(
            f"{len(text):,} characters",
            f"a YAML document is larger than {MAX_YAML_BYTES:,} bytes",
            "write it as JSON, which is read faster",
        )
    try:
        value = yaml.load(text, Loader=_PlainLoader)  # noqa: S506  # a subclass of SafeLoader
        return json.loads(json.dumps(value))
    except yaml.YAMLError as error:
        _refuse("", f"neither JSON nor YAML: {str(error)[:200]}", "correct the syntax there")
    except (TypeError, ValueError) as error:
        if isinstance(error, DocumentError):
            raise
        _refuse("", f"not plain data: {error}", "use strings, numbers, lists and objects only")


def _check_tree(value: object, left: int, pointer: str = "") -> None:
    """Refuse what is nested too deeply, and numbers that are not finite, by their place."""
    if left < 0:
        _refuse("", "the document is nested too deeply", f"nest at most {MAX_DEPTH} levels")
    if isinstance(value, float) and not math.isfinite(value):
        _refuse(
            str(value),
            "the number is not finite",
            "write a finite number or leave the field out",
            pointer,
        )
    if isinstance(value, dict):
        for key, child in value.items():
            _check_tree(child, left - 1, f"{pointer}/{_escaped(str(key))}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _check_tree(child, left - 1, f"{pointer}/{index}")


def _escaped(key: str) -> str:
    """A key as a part of a JSON Pointer (RFC 6901, §3)."""
    return key.replace("~", "~0").replace("/", "~1")
