"""Decoding in a constraint program: the latency and the period of a pass, and all passes of all."""

import itertools

from solvers.backends.cpsat import IntVar, LinearExpr
from solvers.cpsat.sequence_pipeline_places import Places, Terms, sum_of
from solvers.cpsat.sequence_pipeline_ranges import longest_pass


def decoding(places: Places) -> LinearExpr | int:
    """All passes of all points, after the prompt; 0 where their time does not count."""
    tables, model = places.tables, places.model
    timed = tables.problem.timed_decoding
    if timed is None:
        return 0
    loads = _passes(places)
    most = longest_pass(tables) // places.unit
    period, cycle = places.integer(most), places.integer(most * timed.points)
    latency = LinearExpr.sum([sum_of(terms) for pair in loads for terms in pair])
    for work, sent in loads:
        for held in (work, sent) if tables.problem.overlap else (work + sent,):
            model.add(period >= sum_of(held))
    model.add(cycle >= latency)
    model.add(cycle >= timed.points * period)
    return (timed.passes - 1) * cycle + latency + (timed.points - 1) * period


def _passes(places: Places) -> list[tuple[Terms, Terms]]:
    """[places] computing and sending of a pass, on from each place or back from the last one."""
    per_layer = places.tables.passes[:, 1:] - places.tables.passes[:, :-1]
    ways = _ways_back(places)
    rows = []
    for place in places.all:
        sent = _hops(places, place) + [(way, ns) for at, way, ns in ways if at == place]
        rows.append((places.work(place, per_layer), sent))
    return rows


def _hops(places: Places, place: int) -> Terms:
    terms = []
    for hop, d, to, cut in places.hops[place] if place < len(places.hops) else ():
        ns = places.tables.pass_send(((d, 0, cut), (to, cut, cut + 1)), 0)
        terms.append((hop, (ns or 0) // places.unit))
    return terms


def _ways_back(places: Places) -> list[tuple[int, IntVar, int]]:
    """Per last place and pair of devices whether a pass returns so, and its ns."""
    tables, model = places.tables, places.model
    ways = []
    for place in places.all[1:]:
        last = places.boolean()  # the pipeline ends at this place
        after = places.used[place + 1] if place + 1 < len(places.used) else 0
        model.add(last == places.used[place] - after)
        here = []
        for d, e in itertools.permutations(range(tables.devices), 2):
            ns = tables.pass_send(((e, 0, 1), (d, 1, 2)), 1)
            if ns is None:
                continue
            way = places.boolean()
            model.add_implication(way, places.holds[place][d])
            model.add_implication(way, places.holds[0][e])
            here.append(way)
            ways.append((place, way, ns // places.unit))
        model.add(sum(here) == last)
    return ways
