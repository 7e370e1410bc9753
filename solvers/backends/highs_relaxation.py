"""HiGHS' dual simplex on one linear relaxation after another, each from the last one's basis."""

from dataclasses import dataclass

import highspy
import numpy as np

from solvers.backends.highs_model import handed_over
from solvers.backends.resolution import FINE, scaled
from solvers.integer_program import Array, Floats, IntegerProgram


@dataclass(frozen=True, eq=False)
class Relaxed:
    """In floating point: values [n] and duals [m] of an optimum, or a dual ray [m], or nothing."""

    values: Floats | None = None
    duals: Floats | None = None
    ray: Floats | None = None


class Relaxation:
    """The linear relaxation of a program, solved for one box after another."""

    def __init__(self, program: IntegerProgram) -> None:
        self._form = scaled(program, integral=False)
        self._highs = handed_over(self._form, FINE)
        # Rays are of the program as it stands only without presolve.
        self._highs.setOptionValue("presolve", "off")

    def solve(self, lower: Array, upper: Array) -> Relaxed:
        """Its optimum between bounds [n]; not supervised: for programs of milliseconds."""
        form, columns = self._form, np.arange(len(lower), dtype=np.int32)
        self._highs.changeColsBounds(columns.size, columns, lower / form.unit, upper / form.unit)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            solution = self._highs.getSolution()
            duals = np.array(solution.row_dual) * form.price / form.divisor
            return Relaxed(values=np.array(solution.col_value) * form.unit, duals=duals)
        if status == highspy.HighsModelStatus.kInfeasible:
            _, there, ray = self._highs.getDualRay()
            return Relaxed(ray=np.array(ray) / form.divisor if there else None)
        return Relaxed()
