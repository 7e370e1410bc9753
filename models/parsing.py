"""Text to plain data: JSON, or YAML without its traps. Raises DocumentError for all else."""

import json
import math
import re
from typing import Any, NoReturn

import yaml
from pydantic import BaseModel

from models.base import first_duplicate
from models.errors import DocumentError, FieldError

# 8 MiB: the largest shipped instance has 40 KB; a megabyte-sized one is a mistake or an attack.
MAX_BYTES = 8 * 2**20
# What a person may read from a file of their own: 1,000 experts times 10,000 clusters take 130 MB.
MAX_FILE_BYTES = 2**28
# PyYAML reads some 50 KB a second; five seconds are all that a stranger may ask for.
MAX_YAML_BYTES = 2**18
MAX_DEPTH = 40


def parse(text: str | bytes, most: int = MAX_BYTES) -> object:
    """Plain data from JSON, or else YAML, text of at most `most` bytes. Raises DocumentError."""
    if len(text) > most:
        refuse(
            f"{len(text):,} bytes",
            f"the document is larger than {most:,} bytes",
            "use 'repeat' for equal layers and 'default_link' for equal links",
        )
    try:
        string = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        refuse(f"byte {error.start}", "the document is not UTF-8", "save it as UTF-8")
    try:
        value = (
            _parse_json(string) if string.lstrip().startswith(("{", "[")) else _parse_yaml(string)
        )
    except RecursionError:
        refuse("", "the document is nested too deeply", f"nest at most {MAX_DEPTH} levels")
    _check_tree(value, MAX_DEPTH)
    return value


def shorten(value: object, width: int = 60) -> str:
    """A value as it stood in the document, cut to `width` characters."""
    if isinstance(value, BaseModel):
        return f"the {type(value).__name__.lower()}"
    if isinstance(value, dict | list | tuple):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = repr(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def refuse(value: str, reason: str, remedy: str, pointer: str = "") -> NoReturn:
    """Raises DocumentError with one fault."""
    raise DocumentError((FieldError(pointer, value, reason, remedy),))


def _parse_json(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_int=_bounded_int,
        )
    except json.JSONDecodeError as error:
        refuse(
            shorten(text[max(0, error.pos - 10) : error.pos + 20]),
            f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}",
            "correct the syntax there",
        )


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = first_duplicate([key for key, _ in pairs])
    if twice is not None:
        refuse(repr(twice), f"the key {twice!r} stands twice in one object", "keep one of them")
    return dict(pairs)


def _bounded_int(text: str) -> int:
    if len(text) > 40:
        refuse(text[:20] + "…", "the number has over 40 digits", "write a number of sane size")
    return int(text)


_SURROGATE = re.compile("[\ud800-\udfff]")


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without anchors (they unfold into gigabytes), tags or timestamps."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            refuse(f"*{event.anchor}", "YAML aliases are not taken", "write the value out")
        if event.tag is not None:
            refuse(shorten(event.tag), "YAML tags are not taken", "write a plain value")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        _unique_keys([(str(key), None) for key in keys])
        return super().construct_mapping(node, deep)


# YAML 1.1 would read 3:00:00 as 10800, 0777 as 511, yes as true and << as an order to merge: plain
# values are read as YAML 1.2 has them in its core schema, numbers in decimal only.
_PLAIN = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
_PlainLoader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _PLAIN.items():
    _PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})$"), _first
    )
_PlainLoader.add_constructor(
    "tag:yaml.org,2002:int", lambda _loader, node: _bounded_int(str(node.value))
)


def _parse_yaml(text: str) -> object:
    if len(text) > MAX_YAML_BYTES:
        refuse(
            f"{len(text):,} characters",
            f"a YAML document is larger than {MAX_YAML_BYTES:,} bytes",
            "write it as JSON, which is read faster",
        )
    try:
        value = yaml.load(text, Loader=_PlainLoader)  # noqa: S506  # a subclass of SafeLoader
        return json.loads(json.dumps(value))
    except yaml.YAMLError as error:
        _refuse_yaml(text, error)
    except (TypeError, ValueError) as error:
        if isinstance(error, DocumentError):
            raise
        refuse("", f"not plain data: {error}", "use strings, numbers, lists and objects only")


def _refuse_yaml(text: str, error: yaml.YAMLError) -> NoReturn:
    """Says in one line what the parser met, and where."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        refuse("", f"neither JSON nor YAML: {str(error).splitlines()[0]}", "correct the syntax")
    met = getattr(error, "problem", None) or "a syntax error"
    lines = text.splitlines()
    value = lines[mark.line].strip() if mark.line < len(lines) else ""
    refuse(
        shorten(value) if value else "the end",
        f"neither JSON nor YAML at line {mark.line + 1}, column {mark.column + 1}: {met}",
        "correct the syntax there",
    )


def _check_tree(value: object, left: int, pointer: str = "") -> None:
    """Refuse what is nested too deeply, numbers that are not finite, and halves of characters."""
    if left < 0:
        refuse("", "the document is nested too deeply", f"nest at most {MAX_DEPTH} levels")
    if isinstance(value, float) and not math.isfinite(value):
        refuse(
            str(value),
            "the number is not finite",
            "write a finite number or leave the field out",
            pointer,
        )
    if isinstance(value, str):
        _check_text(value, pointer)
    if isinstance(value, dict):
        for key, child in value.items():
            _check_text(str(key), pointer)
            _check_tree(child, left - 1, f"{pointer}/{escaped(str(key))}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _check_tree(child, left - 1, f"{pointer}/{index}")


def _check_text(text: str, pointer: str) -> None:
    """Refuse lone surrogates, which escapes can state and no answer can be encoded with."""
    if _SURROGATE.search(text) is not None:
        refuse(shorten(text), "the text holds half a character", "write it out", pointer)


def escaped(key: str) -> str:
    """A key as a part of a JSON Pointer (RFC 6901, §3)."""
    return key.replace("~", "~0").replace("/", "~1")
