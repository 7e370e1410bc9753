"""Quantities: exact, rounded half up once, refused with a reason."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from models.units import BitsPerSecond, Bytes, Nanoseconds, format_quantity, parse_quantity
from models.units import round_half_up as rounded

READINGS = [
    ("8 GiB", "byte", 8 * 2**30),
    ("8GB", "byte", 8 * 10**9),
    (" 1.5 KiB ", "byte", 1536),
    ("8 bit", "byte", 1),
    ("2 ms", "nanosecond", 2_000_000),
    ("0.5 us", "nanosecond", 500),
    ("0.5 µs", "nanosecond", 500),
    ("1.5e3 ns", "nanosecond", 1500),
    ("100 Mbit/s", "bit/second", 10**8),
    ("100 Mbps", "bit/second", 10**8),
    ("12.5 MB/s", "bit/second", 10**8),
    ("204.8 GB/s", "byte/second", 204_800_000_000),
    ("3.33 TFLOPS", "flop/second", 3_330_000_000_000),
    ("405 MFLOP", "flop", 405_000_000),
    ("-3 s", "nanosecond", -3 * 10**9),
]


@pytest.mark.parametrize(("text", "unit", "value"), READINGS, ids=str)
def test_strings_are_read_exactly(text: str, unit: str, value: int) -> None:
    """Prefixes, spaces, exponents and related units give the very integer."""
    assert parse_quantity(text, unit) == value


REFUSALS = [
    ("8", "byte", "not a number followed by a unit"),
    ("GiB", "byte", "not a number followed by a unit"),
    ("", "byte", "not a number followed by a unit"),
    ("8 GiB + 1 B", "byte", "not a number followed by a unit"),
    ("nan GiB", "byte", "not a number followed by a unit"),
    ("1e999 B", "byte", "not a number followed by a unit"),
    ("١ B", "byte", "not a number followed by a unit"),
    ("8 parsec", "byte", "unknown unit 'parsec'"),
    ("8 __class__", "byte", "not a number followed by a unit"),
    ("8 s", "byte", "does not measure"),
    ("8 GiB", "nanosecond", "does not measure"),
    ("8 GB", "bit/second", "does not measure"),
    ("8 B/", "byte", "not a number followed by a unit"),
]


@pytest.mark.parametrize(("text", "unit", "reason"), REFUSALS, ids=str)
def test_other_strings_are_refused(text: str, unit: str, reason: str) -> None:
    """No number, no unit, an unknown one or one of another dimension: each says which."""
    with pytest.raises(ValueError, match=reason):
        parse_quantity(text, unit)


@given(st.text(max_size=30))
def test_any_string_is_read_or_refused(text: str) -> None:
    """Whatever is typed, the outcome is an integer or a ValueError."""
    with suppress(ValueError):
        assert isinstance(parse_quantity(text, "byte"), int)


@given(st.fractions())
def test_rounding_goes_to_the_nearest_and_halves_go_up(value: Fraction) -> None:
    """The distance is at most a half, and exactly a half only upwards."""
    assert -Fraction(1, 2) < rounded(value) - value <= Fraction(1, 2)


@given(st.integers(0, 2**60))
def test_integers_and_strings_of_them_are_one(value: int) -> None:
    """A bare integer and the same number of the field's unit are equal."""
    assert TypeAdapter(Bytes).validate_python(value) == value
    assert TypeAdapter(Bytes).validate_python(f"{value} B") == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Bytes, -1),
        (Bytes, 2**60 + 1),
        (Bytes, 1.0),
        (Bytes, True),
        (Bytes, None),
        (Bytes, b"8 GiB"),
        (Nanoseconds, "2 days"),
        (Nanoseconds, "1000 hour"),
        (BitsPerSecond, 0),
        (BitsPerSecond, "0.4 bit/s"),
    ],
    ids=repr,
)
def test_values_out_of_range_or_of_another_type_are_refused(kind: object, value: object) -> None:
    """Each field has a range and takes integers and strings only."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    context = caught.value.errors()[0]["ctx"]
    assert context["reason"]
    assert "whole number of" in context["remedy"]


def test_schema_tells_clients_both_forms() -> None:
    """The JSON schema offers an integer with its range or a string with a unit."""
    schema = TypeAdapter(BitsPerSecond).json_schema()
    forms = {form["type"]: form for form in schema["anyOf"]}
    assert forms["integer"]["minimum"] == 1
    assert forms["string"]["pattern"]
    assert schema["examples"] == ["100 Mbit/s"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (51_192_711, "ns", "51.19 ms"),
        (999, "ns", "999 ns"),
        (3 * 2**29, "bytes", "1.50 GiB"),
        (12_345, "ppm", "1.23 %"),
        (10**8, "bit_per_s", "100.00 Mbit/s"),
        (1234, "layers", "1,234 layers"),
        (7, "", "7"),
    ],
)
def test_numbers_are_written_as_a_person_would(value: int, unit: str, text: str) -> None:
    """The largest step below the value, two decimals."""
    assert format_quantity(value, unit) == text
