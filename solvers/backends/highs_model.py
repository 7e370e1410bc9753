"""HiGHS with a program in it, ready to run."""

from collections.abc import Mapping

import highspy
import numpy as np

from solvers.backends.resolution import Scaled, Tolerances

_OPTIONS: Mapping[str, bool | int | float] = {
    # `output_flag` would silence the callbacks as well.
    "log_to_console": False,
    # Another thread count in a process that has solved is an error.
    "threads": 1,
    # The default relative gap of 1e-4 returned wrong answers for two of thirty small knapsacks.
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
}


def handed_over(form: Scaled, tolerances: Tolerances, seed: int = 0) -> highspy.Highs:
    """A HiGHS object that holds the program. Raises ValueError where HiGHS does not take it."""
    solver = highspy.Highs()
    options = {
        **_OPTIONS,
        "random_seed": seed,
        "mip_feasibility_tolerance": tolerances.integrality,
        "primal_feasibility_tolerance": tolerances.feasibility,
        "dual_feasibility_tolerance": tolerances.feasibility,
    }
    for name, value in options.items():
        checked(solver.setOptionValue(name, value), f"the option {name}")
    status = solver.passModel(
        len(form.cost),
        len(form.row_lower),
        form.value.size,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        form.offset,
        form.cost,
        form.lower,
        form.upper,
        form.row_lower,
        form.row_upper,
        form.starts[:-1],
        form.index,
        form.value,
        form.integral.astype(np.int32),
    )
    checked(status, "the model")
    return solver


def checked(status: highspy.HighsStatus, what: str) -> None:
    """Raises ValueError where HiGHS refused something."""
    if status == highspy.HighsStatus.kError:
        raise ValueError(f"HiGHS does not take {what}")
