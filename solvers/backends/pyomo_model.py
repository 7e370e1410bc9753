"""Pyomo models as plain arrays, so that statuses, callbacks and hints stay in one place.

Pyomo's own interfaces to HiGHS report neither incumbents nor bounds while they run and cannot be
interrupted; its standard-form compiler needs SciPy. What is needed of it is the algebra.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

from solvers.integer_program import NO_LIMIT, Array, IntegerProgram
from solvers.program_builder import integers


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model's arrays, and the column of each of its variables by identity."""

    program: IntegerProgram
    column: Mapping[int, int]

    def ones(self, variables: Any, values: Array) -> list[Any]:
        """The indices of an indexed binary variable whose value is 1."""
        return [index for index, data in variables.items() if values[self.column[id(data)]]]

    def point(self, assigned: Iterable[tuple[Any, int]]) -> Array:
        """[n] the point that gives these variables these values, and 0 to the others."""
        values = np.zeros(self.program.columns, dtype=np.int64)
        for data, value in assigned:
            values[self.column[id(data)]] = value
        return values


def compiled(model: pyo.ConcreteModel) -> Compiled:
    """The arrays of a linear model in integers that is minimised.

    Raises ValueError where it is not linear, or where a number in it is no integer.
    """
    variables = list(model.component_data_objects(pyo.Var, active=True, descend_into=True))
    column = {id(data): number for number, data in enumerate(variables)}
    rows = list(model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    objective = next(model.component_data_objects(pyo.Objective, active=True))
    offset, index, value = _linear(objective.expr, column)
    cost = np.zeros(len(variables), dtype=np.int64)
    cost[index] = value
    entries = [_linear(row.body, column) for row in rows]
    constants = integers([constant for constant, _, _ in entries])
    return Compiled(
        IntegerProgram(
            cost=cost,
            lower=_bounds([data.lb for data in variables], -NO_LIMIT),
            upper=_bounds([data.ub for data in variables], NO_LIMIT),
            whole=np.array([not data.is_continuous() for data in variables], dtype=np.bool_),
            row_lower=_less(_bounds([pyo.value(row.lower) for row in rows], -NO_LIMIT), constants),
            row_upper=_less(_bounds([pyo.value(row.upper) for row in rows], NO_LIMIT), constants),
            starts=np.cumsum([0, *(len(i) for _, i, _ in entries)]),
            column=integers([n for _, i, _ in entries for n in i]),
            value=integers([n for _, _, v in entries for n in v]),
            offset=offset,
        ),
        column,
    )


def _bounds(values: list[float | None], missing: int) -> Array:
    return integers([missing if value is None else _whole(value) for value in values])


def _less(limits: Array, constants: Array) -> Array:
    return np.where(np.abs(limits) >= NO_LIMIT, limits, limits - constants)


def _linear(expression: Any, column: Mapping[int, int]) -> tuple[int, list[int], list[int]]:
    """Constant, columns and coefficients of an expression."""
    form = generate_standard_repn(expression, compute_values=True, quadratic=False)
    if not form.is_linear():
        raise ValueError("the model is not linear")
    columns = [column[id(data)] for data in form.linear_vars]
    return _whole(form.constant), columns, [_whole(number) for number in form.linear_coefs]


def _whole(number: float) -> int:
    if number != int(number):
        raise ValueError(f"{number} is no integer")
    return int(number)
