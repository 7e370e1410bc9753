"""Pyomo models as plain arrays, so that statuses, callbacks and hints stay in one place.

Pyomo's own interfaces to HiGHS report neither incumbents nor bounds while they run and cannot be
interrupted; its standard-form compiler needs SciPy. What is needed of it is the algebra.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from solvers.backends.linear_program import Floats, LinearProgram


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model's arrays, and the column of each of its variables by identity."""

    program: LinearProgram
    column: Mapping[int, int]

    def ones(self, variables: Any, values: Floats) -> list[Any]:
        """The indices of an indexed binary variable whose value is 1."""
        return [index for index, data in variables.items() if values[self.column[id(data)]] > 0.5]

    def point(self, assigned: Iterable[tuple[Any, float]]) -> Floats:
        """[n] the point that gives these variables these values, and 0 to the others."""
        values = np.zeros(self.program.columns)
        for data, value in assigned:
            values[self.column[id(data)]] = value
        return values


def compiled(model: pyo.ConcreteModel) -> Compiled:
    """The arrays of a linear model that is minimised. Raises ValueError where it is not linear."""
    variables = list(model.component_data_objects(pyo.Var, active=True, descend_into=True))
    column = {id(data): number for number, data in enumerate(variables)}
    rows = list(model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    objective = next(model.component_data_objects(pyo.Objective, active=True))
    offset, index, value = _linear(objective.expr, column)
    cost = np.zeros(len(variables))
    cost[index] = value
    entries = [_linear(row.body, column) for row in rows]
    constants = np.array([constant for constant, _, _ in entries])
    return Compiled(
        LinearProgram(
            cost=cost,
            offset=offset,
            lower=_bounds([data.lb for data in variables], -np.inf),
            upper=_bounds([data.ub for data in variables], np.inf),
            integral=np.array([not data.is_continuous() for data in variables], dtype=bool),
            starts=np.cumsum([0, *(len(i) for _, i, _ in entries)]).astype(np.int32),
            index=np.array([n for _, i, _ in entries for n in i], dtype=np.int32),
            value=np.array([n for _, _, v in entries for n in v], dtype=np.float64),
            row_lower=_bounds([pyo.value(row.lower) for row in rows], -np.inf) - constants,
            row_upper=_bounds([pyo.value(row.upper) for row in rows], np.inf) - constants,
        ),
        column,
    )


def _bounds(values: list[float | None], missing: float) -> Floats:
    return np.array([missing if value is None else value for value in values], dtype=np.float64)


def _linear(expression: Any, column: Mapping[int, int]) -> tuple[float, list[int], list[float]]:
    """Constant, columns and coefficients of an expression."""
    form = generate_standard_repn(expression, compute_values=True, quadratic=False)
    if not form.is_linear():
        raise ValueError("the model is not linear")
    columns = [column[id(data)] for data in form.linear_vars]
    return float(form.constant), columns, cast(list[float], list(form.linear_coefs))
