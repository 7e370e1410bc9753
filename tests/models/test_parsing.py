"""Text to plain data: what YAML's plain values mean, and that nothing is merged or guessed."""

import pytest

from models.errors import DocumentError
from models.parsing import parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("null", None),
        ("~", None),
        ("", None),
        ("-12", -12),
        ("1.5", 1.5),
        ("-.5e3", -500.0),
        ("2e3", 2000.0),
        ("1_000", "1_000"),
        ("0o17", "0o17"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_plain_yaml_values(text: str, value: object) -> None:
    """Plain values are read as in YAML 1.2's core schema, in decimal: "yes" is a word."""
    found = parse(f"a: {text}\n")
    assert isinstance(found, dict)
    assert found["a"] == value
    assert type(found["a"]) is type(value)


def test_yaml_merges_nothing() -> None:
    """A key << is a key like any other, which no document has."""
    assert parse("<<: {a: 1}\n") == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "reason", "value"),
    [
        ("a: 1\nb: [2\nc: 3\n", "at line 3, column 2: expected ',' or ']'", "'c: 3'"),
        ("a: [1\n", "at line 2, column 1: expected ',' or ']'", "the end"),
        ("a: \x00", "neither JSON nor YAML: unacceptable character", ""),
    ],
)
def test_yaml_errors_are_one_line(text: str, reason: str, value: str) -> None:
    """What the parser met, where, and what stood there."""
    with pytest.raises(DocumentError) as caught:
        parse(text)
    [fault] = caught.value.faults
    assert reason in fault.reason
    assert fault.value == value
    assert "\n" not in str(fault)
    assert "got )" not in str(fault)
