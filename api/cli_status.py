"""What the command's exit status tells a script."""

from enum import IntEnum

from models.result import Certificate, Grade


class Status(IntEnum):
    """Exit statuses; those from 64 on are of sysexits.h."""

    DONE = 0  # optimal, or whatever else was asked for
    REFUSED = 1  # verify, explain: the plan breaks a rule
    NOT_PROVED = 3  # a plan, not proved optimal
    INFEASIBLE = 4
    NO_PLAN = 5  # nothing established in time
    USAGE = 64
    BAD_INPUT = 65
    UNAVAILABLE = 69  # scikit-learn is not installed; the service does not answer, or refuses
    INTERNAL = 70  # or two methods contradict each other; the plan is given all the same
    NOT_WRITTEN = 74
    INTERRUPTED = 130
    CLOSED = 141  # nobody reads standard output on, as by SIGPIPE


_BY_GRADE = {
    Grade.OPTIMAL: Status.DONE,
    Grade.BOUNDED: Status.NOT_PROVED,
    Grade.FEASIBLE: Status.NOT_PROVED,
    Grade.INFEASIBLE: Status.INFEASIBLE,
    Grade.UNKNOWN: Status.NO_PLAN,
}


def status_of_grade(grade: Grade) -> Status:
    """The exit status of an answer of that grade."""
    return _BY_GRADE[grade]


def status_of(certificate: Certificate, *, interrupted: bool = False) -> Status:
    """The exit status of a solve."""
    if interrupted:
        return Status.INTERRUPTED
    return Status.INTERNAL if certificate.contradictions else status_of_grade(certificate.grade)
