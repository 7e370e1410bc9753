"""Changes of a fleet's servers and uplinks, and which streams change what they do."""

from fractions import Fraction

from models.problems.split_fleet import Server, SplitFleetPlan, SplitFleetProblem, Uplink
from planner.replan.move import ChangeError, Move, factor_of

_DEVICE = "its device"


def changed(
    problem: SplitFleetProblem,
    _plan: SplitFleetPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> SplitFleetProblem:
    """The problem without the lost servers and with others, or uplinks, slower.

    See planner.replan.changed. Nothing is loaded when a stream changes its option, so that moves
    have no price; an uplink cannot be lost: its streams would be without a way to their servers.
    """
    if ns_per_mib:
        raise ChangeError("a fleet loads no weights: its moves have no price", "migration_weight")
    servers = {server.name: server for server in problem.servers}
    uplinks = {uplink.name: uplink for uplink in problem.uplinks}
    for name in lost:
        if name not in servers:
            raise ChangeError(f"there is no server '{name}'", "lost")
        del servers[name]
    for name, text in slowed:
        if name in servers:
            servers[name] = _slower(servers[name], factor_of(text))
        elif name in uplinks:
            uplinks[name] = _narrower(uplinks[name], factor_of(text))
        else:
            raise ChangeError(f"there is no server and no uplink '{name}'", "slowed")
    streams = [
        stream.model_copy(update={"servers": tuple(s for s in stream.servers if s in servers)})
        if stream.servers is not None
        else stream
        for stream in problem.streams
    ]
    fields = {
        **dict(problem),
        "servers": tuple(servers.values()),
        "uplinks": tuple(uplinks.values()),
        "streams": tuple(streams),
    }
    return SplitFleetProblem(**fields)


def _slower(server: Server, factor: Fraction) -> Server:
    slowdown = -(-server.slowdown_ppm * factor.numerator // factor.denominator)
    return Server(**{**dict(server), "slowdown_ppm": slowdown})


def _narrower(uplink: Uplink, factor: Fraction) -> Uplink:
    rate = uplink.bandwidth_bit_per_s * factor.denominator // factor.numerator
    return Uplink(**{**dict(uplink), "bandwidth_bit_per_s": rate})


def moves(
    problem: SplitFleetProblem, before: SplitFleetPlan, after: SplitFleetPlan
) -> tuple[Move, ...]:
    """The streams that change their option or server, window by window; nothing is loaded."""
    del problem
    was = {(choice.window, choice.stream): choice for choice in before.choices}
    found = []
    for choice in after.choices:
        old = was.get((choice.window, choice.stream))
        if old is None or (old.option, old.server) == (choice.option, choice.server):
            continue
        option = choice.option
        if old.option != option:
            option = f"{option} instead of {old.option}"
        what = f"{choice.stream} in {choice.window}: {option}"
        found.append(Move(what, old.server or _DEVICE, choice.server or _DEVICE, 0))
    return tuple(found)
