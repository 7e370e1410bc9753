"""Readers of public formats, one file per format; their data stay where they are."""

import os
from pathlib import Path

VARIABLE = "EDGEPLAN_DATA"


def data_folder(given: Path | None = None) -> Path | None:
    """The folder of public data: the one given, else the environment's, None where there is none.

    In it each source has a folder of its own: `dnn_partitioning`, `pipeedge`, ….
    """
    named = os.environ.get(VARIABLE)
    folder = given or (Path(named) if named else None)
    return folder if folder is not None and folder.is_dir() else None
