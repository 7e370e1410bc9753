"""Quantities: an integer in the unit that the field's name ends in, or a string with its unit.

A field `memory_bytes` takes `8589934592` or `"8 GiB"`. Strings are read by pint against the few
units below (its full registry would take "8 hours" for a frequency), exactly, as fractions, and
rounded half up once. Each quantity has a maximum far above any real device, so that sums over a
whole model stay inside 64-bit integers in every solver.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Annotated, Any, cast

import pint
from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_DEFINITIONS = """
nano- = 1e-9 = n-
micro- = 1e-6 = µ- = u-
milli- = 1e-3 = m-
kilo- = 1e3 = k- = K-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
kibi- = 1024 = Ki-
mebi- = 1048576 = Mi-
gibi- = 1073741824 = Gi-
tebi- = 1099511627776 = Ti-
pebi- = 1125899906842624 = Pi-
bit = [information]
byte = 8 * bit = B
second = [time] = s
minute = 60 * second = min
hour = 60 * minute = h
bps = bit / second
flop = [operation] = FLOP
FLOPS = flop / second
joule = [energy] = J
token = [text]
"""
# The number and the unit are matched apart, so that no expression reaches pint's evaluator.
_QUANTITY = re.compile(
    r"\s*([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?)"
    r"\s*([A-Za-zµ]{1,12}(?:/[A-Za-z]{1,12})?)\s*"
)


@cache
def _registry() -> pint.UnitRegistry[Fraction]:
    return pint.UnitRegistry(_DEFINITIONS.strip().splitlines(), non_int_type=Fraction)


@cache
def _scale(unit: str, target: str) -> Fraction:
    """How many `target` one `unit` is; raises pint's errors for unknown or unlike units."""
    registry = _registry()
    return Fraction(registry.Quantity(Fraction(1), unit).to(target).magnitude)


def parse_quantity(text: str, target: str) -> int:
    """Integer number of `target` units in `text` ("8 GiB" in "byte"), rounded half up.

    Raises ValueError with the reason when there is no number, no unit, or the unit is of
    another dimension.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError("not a number followed by a unit")
    number, unit = match.groups()
    try:
        scale = _scale(unit, target)
    except pint.DimensionalityError:
        raise ValueError(f"'{unit}' does not measure what this field holds") from None
    except (pint.UndefinedUnitError, pint.DefinitionSyntaxError, AttributeError):
        raise ValueError(f"unknown unit '{unit}'") from None
    return round_half_up(Fraction(number) * scale)


def round_half_up(value: Fraction) -> int:
    """The nearest integer; a half goes up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


@dataclass(frozen=True)
class Quantity:
    """Annotation of an integer field: its unit, its range and what a person would type."""

    unit: str
    maximum: int
    example: str
    minimum: int = 0

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        bounds = {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}
        text = {"type": "string", "pattern": r"^\s*[+-]?\d.*[A-Za-z]\s*$"}
        return {"anyOf": [bounds, text], "examples": [self.example]}

    def _validate(self, value: object) -> int:
        number = self._integer(value)
        if not self.minimum <= number <= self.maximum:
            self._refuse(f"outside {self._shown(self.minimum)} to {self._shown(self.maximum)}")
        return number

    def _integer(self, value: object) -> int:
        if isinstance(value, str):
            try:
                return parse_quantity(value, self.unit)
            except ValueError as error:
                self._refuse(str(error))
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse("neither an integer nor a string with a unit")
        return cast(int, value)

    def _shown(self, number: int) -> str:
        """A bound as a person would write it."""
        unit = _SHOWN.get(self.unit)
        return f"{number:,} {self.unit}" if unit is None else format_quantity(number, unit)

    def _refuse(self, reason: str) -> None:
        raise PydanticCustomError(
            "quantity",
            "{reason}",
            {
                "reason": reason,
                "remedy": f"write a whole number of {_WORDS.get(self.unit, self.unit)} or, say, "
                f'"{self.example}"',
            },
        )


# 1 EiB: a thousand times the largest training cluster's memory.
Bytes = Annotated[int, Quantity("byte", 2**60, "8 GiB")]
# 28 hours for one layer or one transfer of one unit: beyond it the plan is of no use.
MAX_DURATION_NS = 10**14
Nanoseconds = Annotated[int, Quantity("nanosecond", MAX_DURATION_NS, "2 ms")]
# At least 1 bit/s: a link that carries nothing is left out of the document instead.
MAX_BIT_PER_S = 10**15
BitsPerSecond = Annotated[int, Quantity("bit/second", MAX_BIT_PER_S, "100 Mbit/s", minimum=1)]
BytesPerSecond = Annotated[int, Quantity("byte/second", 10**16, "204.8 GB/s", minimum=1)]
Flops = Annotated[int, Quantity("flop", 10**18, "405 MFLOP")]
FlopsPerSecond = Annotated[int, Quantity("flop/second", 10**18, "5.3 TFLOP/s", minimum=1)]
# 1 GJ: a server for a month, for one request or one budget of a request.
Microjoules = Annotated[int, Quantity("microjoule", 10**15, "250 J")]
# Parts per million of a perfect answer; no string form, a share has no unit.
Ppm = Annotated[int, Field(ge=0, le=10**6)]

_DECIMAL_STEPS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))
_BINARY_STEPS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
_TIME_STEPS = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"))
_TOKEN_STEPS = ((10**6, "tokens/s"),)
_ENERGY_STEPS = ((10**9, "kJ"), (10**6, "J"), (10**3, "mJ"))

# Units of fields whose ranges are told as people write them, by the name of format_quantity.
_SHOWN = {
    "byte": "bytes",
    "nanosecond": "ns",
    "bit/second": "bit_per_s",
    "microjoule": "uj",
    "microtoken/second": "utokens_per_s",
}
_WORDS = {"microtoken/second": "millionths of a token per second"}


def _format(value: int, steps: tuple[tuple[int, str], ...], base: str) -> str:
    for size, unit in steps:
        if abs(value) >= size:
            return f"{value / size:,.2f} {unit}"
    return f"{value} {base}"


def _format_ratio(value: int) -> str:
    return f"{value / 10_000:.2f} %"


# "uj" ends names of fields; "µJ" is the same for people and in certificates.
_FORMATS: dict[str, Callable[[int], str]] = {
    "bytes": lambda value: _format(value, _BINARY_STEPS, "B"),
    "ns": lambda value: _format(value, _TIME_STEPS, "ns"),
    "ppm": _format_ratio,
    "uj": lambda value: _format(value, _ENERGY_STEPS, "µJ"),
    "µJ": lambda value: _format(value, _ENERGY_STEPS, "µJ"),
    "µtokens/s": lambda value: _format(value, _TOKEN_STEPS, "µtokens/s"),
    "utokens_per_s": lambda value: _format(value, _TOKEN_STEPS, "µtokens/s"),
    "bit_per_s": lambda value: _format(
        value, tuple((size, f"{prefix}bit/s") for size, prefix in _DECIMAL_STEPS), "bit/s"
    ),
}


def format_quantity(value: int, unit: str) -> str:
    """A number of `unit` ("ns", "bytes", "ppm", …) as a person would write it.

    A unit that is not known here counts things: "1 layer", "2 layers".
    """
    formatter = _FORMATS.get(unit)
    if formatter is not None:
        return formatter(value)
    noun = unit.removesuffix("s") if value == 1 and unit.isalpha() else unit
    return f"{value:,} {noun}".strip()
