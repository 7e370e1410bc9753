"""The reader of routing tables: counts by hand, three formats, faults in words."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import DocumentError
from problem_instances.readers import VARIABLE, data_folder
from problem_instances.readers.routing import (
    coactivation,
    frequencies,
    read,
    routing,
    sequences,
    transitions,
    windows,
)

# Three tokens, two layers, top 2 of 3 experts.
TABLE = np.array([[[0, 1], [2, 0]], [[1, 2], [0, 1]], [[0, 1], [1, 2]]], dtype=np.uint8)


def _csv(path: Path, lines: str) -> Path:
    path.write_text("token,layer,first,second\n" + lines, encoding="utf-8")
    return path


def test_counts_by_hand() -> None:
    """Frequencies, windows, co-activation, transitions and sequences of three tokens."""
    found = routing(TABLE)
    assert (found.tokens, found.layers, found.top_k, found.experts) == (3, 2, 2, 3)
    assert frequencies(found).tolist() == [[2, 3, 1], [2, 2, 2]]
    assert windows(found, 2).tolist() == [[[1, 2, 1], [2, 1, 1]]]
    assert windows(found, 1).sum(axis=0).tolist() == frequencies(found).tolist()
    assert coactivation(found)[0].tolist() == [[2, 2, 0], [2, 3, 1], [0, 1, 1]]
    assert transitions(found)[0].tolist() == [[1, 1, 2], [2, 2, 2], [1, 1, 0]]
    assert sequences(found)[0].tolist() == [0, 1, 5, 3]


def test_formats_hold_the_same(tmp_path: Path) -> None:
    """The same table is read from .npy, .npz with and without a key, and .csv in any order."""
    np.save(tmp_path / "t.npy", TABLE)
    np.savez(tmp_path / "t.npz", experts=TABLE, counts=np.zeros(3))
    lines = [f"{t},{n},{a},{b}\n" for t in range(3) for n in range(2) for a, b in [TABLE[t, n]]]
    _csv(tmp_path / "t.csv", "".join(reversed(lines)))
    for name, key in (("t.npy", None), ("t.npz", None), ("t.npz", "experts"), ("t.csv", None)):
        found = read(tmp_path / name, key=key, experts=5)
        assert found.chosen.tolist() == TABLE.tolist()
        assert found.experts == 5


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (TABLE[0], "three axes"),
        (TABLE.astype(float), "whole numbers"),
        (TABLE.astype(np.int64) - 1, "numbered from 0"),
        (np.zeros((1, 1, 2), dtype=int), "chosen twice"),
        (np.zeros((0, 1, 2), dtype=int), "three axes"),
    ],
    ids=["axes", "floats", "negative", "twice", "empty"],
)
def test_tables_that_are_none(table: np.ndarray, words: str) -> None:
    """What is no routing table is refused with the reason."""
    with pytest.raises(DocumentError, match=words):
        routing(table)


def test_files_that_are_none(tmp_path: Path) -> None:
    """Unknown suffixes, pickles, broken archives, missing keys and gaps in a csv are refused."""
    np.save(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "two.npz", a=TABLE, b=TABLE)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "broken.npy").write_bytes(b"")
    _csv(tmp_path / "gap.csv", "0,0,0,1\n1,1,0,1\n")
    _csv(tmp_path / "twice.csv", "0,0,0,1\n1,1,0,1\n1,1,0,1\n0,1,1,0\n")
    _csv(tmp_path / "words.csv", "0,0,zero,1\n")
    _csv(tmp_path / "empty.csv", "")
    (tmp_path / "table.txt").write_text("0")
    for name, key in (
        ("pickled.npy", None), ("two.npz", None), ("two.npz", "c"), ("broken.npz", None),
        ("broken.npy", None), ("gap.csv", None), ("twice.csv", None), ("words.csv", None),
        ("empty.csv", None), ("table.txt", None),
    ):  # fmt: skip
        with pytest.raises(DocumentError):
            read(tmp_path / name, key=key)
    with pytest.raises(DocumentError, match="numbered from 0 to 1"):
        routing(TABLE, experts=2)


def test_public_table() -> None:
    """DeepSeek-V2-Lite's routing has 26 layers of 64 experts, 6 of them per token."""
    folder = data_folder()
    if folder is None or not (folder / "routing").is_dir():
        pytest.skip(f"{VARIABLE} names no folder with routing")
    found = read(folder / "routing" / "deepseek_v2_lite_law.npz", experts=64)
    assert (found.tokens, found.layers, found.top_k) == (8327, 26, 6)
    assert windows(found, 256).shape == (32, 26, 64)
    assert (frequencies(found).sum(axis=1) == 8327 * 6).all()
