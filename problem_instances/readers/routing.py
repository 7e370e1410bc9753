"""Reader of routing tables: which experts a router chose for each token in each layer.

A table is an array of whole numbers [tokens, layers, top-k], in any of three formats:

- `.npy`: the array;
- `.npz`: the array under one key, or the only one with three axes;
- `.csv`: a header, then one line per token and layer: token, layer, and its top-k experts, with
  tokens and layers counted from 0, in any order, none missing and none twice.

What planners need of it is counted here: loads per layer and expert (over all tokens or windows),
co-activation (two experts for one token in one layer), transitions (to the next layer), and the
sequence of experts in which a decoder that handles one token after another touches them.
"""

import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from models.documents import shorten
from models.errors import DocumentError, FieldError

Ints = npt.NDArray[np.int64]
Table = npt.NDArray[np.generic]
_REMEDY = "give whole numbers [tokens, layers, top-k] as .npy, .npz or .csv"
# Experts per layer: far above any model, and small enough for [experts, experts] per layer.
_MOST = 4096


@dataclass(frozen=True, eq=False)
class Routing:
    """Choices [tokens, layers, top-k], each from 0 to experts - 1 and none twice in a row."""

    chosen: Ints
    experts: int

    @property
    def tokens(self) -> int:
        """How many tokens were routed."""
        return int(self.chosen.shape[0])

    @property
    def layers(self) -> int:
        """How many layers have routers."""
        return int(self.chosen.shape[1])

    @property
    def top_k(self) -> int:
        """How many experts a token takes in a layer."""
        return int(self.chosen.shape[2])

    def part(self, first: int, past: int) -> "Routing":
        """The tokens from `first` to `past` - 1."""
        return Routing(self.chosen[first:past], self.experts)


def read(path: Path, *, key: str | None = None, experts: int | None = None) -> Routing:
    """The routing in a file. Raises DocumentError, OSError.

    key: of the array in an .npz; experts: per layer, else one more than the largest chosen.
    """
    readers = {".npy": _npy, ".npz": lambda file: _npz(file, key), ".csv": _csv}
    if path.suffix not in readers:
        _refuse("", path.name, "an unknown format")
    return routing(readers[path.suffix](path), experts)


def routing(table: Table, experts: int | None = None) -> Routing:
    """A checked routing from an array [tokens, layers, top-k]. Raises DocumentError."""
    if table.ndim != 3 or 0 in table.shape or not np.issubdtype(table.dtype, np.integer):
        _refuse("", f"{table.dtype} {list(table.shape)}", "not whole numbers along three axes")
    low, high = int(table.min()), int(table.max())
    number = high + 1 if experts is None else experts
    if low < 0 or high >= number or number > _MOST:
        _refuse("", f"{low} to {high}", f"experts are numbered from 0 to {min(number, _MOST) - 1}")
    chosen = table.astype(np.int64)
    ordered = np.sort(chosen, axis=2)
    twice = np.argwhere((np.diff(ordered, axis=2) == 0).any(axis=2))
    if twice.size:
        token, layer = twice[0].tolist()
        _refuse(f"/{token}/{layer}", chosen[token, layer].tolist(), "an expert is chosen twice")
    return Routing(chosen, number)


def frequencies(found: Routing) -> Ints:
    """[layers, experts] tokens that chose each expert."""
    counts = _counted(found, np.zeros(found.tokens, dtype=np.int64), 1)
    return np.asarray(counts[0])


def windows(found: Routing, tokens: int) -> Ints:
    """[windows, layers, experts] frequencies in consecutive windows; a shorter rest is left out."""
    number = found.tokens // tokens
    return _counted(found.part(0, number * tokens), np.repeat(np.arange(number), tokens), number)


def coactivation(found: Routing) -> Ints:
    """[layers, experts, experts] tokens that chose both; the diagonal is the frequency."""
    counts = np.zeros((found.layers, found.experts, found.experts), dtype=np.int64)
    for layer in range(found.layers):
        one_hot = _one_hot(found, layer)
        counts[layer] = np.rint(one_hot.T @ one_hot)
    return counts


def transitions(found: Routing) -> Ints:
    """[layers - 1, experts, experts] tokens that chose a in a layer and b in the next."""
    counts = np.zeros((found.layers - 1, found.experts, found.experts), dtype=np.int64)
    for layer in range(found.layers - 1):
        counts[layer] = np.rint(_one_hot(found, layer).T @ _one_hot(found, layer + 1))
    return counts


def sequences(found: Routing) -> Ints:
    """[tokens, layers · top-k] experts in the order of use, numbered layer · experts + expert."""
    offset = np.arange(found.layers)[None, :, None] * found.experts
    return (found.chosen + offset).reshape(found.tokens, -1)


def _one_hot(found: Routing, layer: int) -> npt.NDArray[np.float64]:
    """[tokens, experts]; floats multiply by BLAS, and counts below 2^53 are exact in them."""
    rows = np.zeros((found.tokens, found.experts))
    np.put_along_axis(rows, found.chosen[:, layer], 1.0, axis=1)
    return rows


def _counted(found: Routing, window: Ints, number: int) -> Ints:
    """[number, layers, experts]; window: [tokens] where each token counts."""
    place = window[:, None, None] * found.layers + np.arange(found.layers)[None, :, None]
    cells = (place * found.experts + found.chosen).ravel()
    size = number * found.layers * found.experts
    counts: Ints = np.bincount(cells, minlength=size)
    shaped: Ints = counts.reshape(number, found.layers, found.experts)
    return shaped


def _npy(path: Path) -> Table:
    try:
        with path.open("rb") as file:
            found = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        _refuse("", path.name, f"not an array ({error})")
    if not isinstance(found, np.ndarray):
        _refuse("", path.name, "not a single array")
    return found


def _npz(path: Path, key: str | None) -> Table:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays: dict[str, Table] = {
                name: archive[name] for name in archive.files if key in (None, name)
            }
    except (ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        _refuse("", path.name, f"not an archive of arrays ({error})")
    if key is not None:
        if key not in arrays:
            _refuse("", key, "there is no array of that name")
        return arrays[key]
    tables = [array for array in arrays.values() if array.ndim == 3]
    if len(tables) != 1:
        _refuse("", list(arrays), f"{len(tables)} arrays have three axes: name one")
    return tables[0]


def _csv(path: Path) -> Ints:
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))[1:]
    try:
        rows = np.array([[int(cell) for cell in line] for line in lines], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        _refuse("", path.name, f"not whole numbers in equal lines ({error})")
    if rows.ndim != 2 or rows.shape[1] < 3:
        _refuse("", path.name, "no lines of token, layer and experts")
    tokens, layers = (int(number) + 1 for number in rows[:, :2].max(axis=0))
    if rows[:, :2].min() < 0 or tokens * layers != len(rows):
        _refuse("", len(rows), f"not one line for each of {tokens} tokens and {layers} layers")
    table = np.full((tokens, layers, rows.shape[1] - 2), -1, dtype=np.int64)
    table[rows[:, 0], rows[:, 1]] = rows[:, 2:]
    if (rows[:, 2:] >= 0).all() and (table < 0).any():
        _refuse("", path.name, "a token and layer stands twice, another is missing")
    return table


def _refuse(pointer: str, value: object, reason: str) -> NoReturn:
    raise DocumentError((FieldError(pointer, shorten(value), reason, _REMEDY),))
