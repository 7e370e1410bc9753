"""What an example consists of."""

from dataclasses import dataclass
from typing import Any

from models.documents import validate
from models.problems import KINDS, AnyPlan, AnyProblem


@dataclass(frozen=True)
class Example:
    """A problem and its only plan as documents, and the plan's objective."""

    problem: dict[str, Any]
    plan: dict[str, Any]
    objective: int

    def nouns(self) -> tuple[AnyProblem, AnyPlan]:
        """The problem and the plan as nouns."""
        problem_type, plan_type = KINDS[self.problem["kind"]]
        return validate(self.problem, problem_type), validate(self.plan, plan_type)
