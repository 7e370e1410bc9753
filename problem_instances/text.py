"""Documents as a person reads them: JSON of at most 100 columns, small objects on one line."""

import json
from collections.abc import Mapping, Sequence

WIDTH = 100


def to_text(value: object) -> str:
    """JSON text of plain data, ending in a newline; equal data gives equal bytes."""
    return _render(value, indent=0, used=0) + "\n"


def _render(value: object, indent: int, used: int) -> str:
    """Text of a value that starts at column `indent` + `used`; one line where it fits."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + used + len(flat) < WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, Mapping):
        keys = [(f"{json.dumps(key, ensure_ascii=False)}: ", item) for key, item in value.items()]
        parts = [key + _render(item, indent + 2, len(key)) for key, item in keys]
        return "{\n" + ",\n".join(inner + part for part in parts) + f"\n{' ' * indent}}}"
    items: Sequence[object] = value
    rows = [inner + _render(item, indent + 2, 0) for item in items]
    return "[\n" + ",\n".join(rows) + f"\n{' ' * indent}]"
