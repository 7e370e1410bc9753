"""The door: what is wrong with a document is told by field, reason and remedy, and nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.examples import EXAMPLES
from models.documents import digest, read_plan, read_problem
from models.errors import DocumentError
from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from tests import strategies

Edit = Callable[[dict[str, Any]], object]


def _document() -> dict[str, Any]:
    layers = [
        {"name": name, "weight_bytes": "1 MiB", "output_bytes_per_token": "1 KiB"} for name in "ab"
    ]
    devices = [
        {"name": name, "memory_bytes": "1 GiB", "memory_bytes_per_s": "1 GB/s"} for name in "xy"
    ]
    return {
        "kind": "pipeline_partition",
        "model": {"name": "two layers", "layers": layers},
        "device_graph": {
            "devices": devices,
            "default_link": {"bandwidth_bit_per_s": "1 Gbit/s"},
        },
        "objective": "latency",
    }


def _device(**fields: object) -> Edit:
    return lambda document: document["device_graph"]["devices"][0].update(fields)


def _layer(**fields: object) -> Edit:
    return lambda document: document["model"]["layers"][0].update(fields)


def _links(*links: tuple[str, str]) -> Edit:
    rows = [{"source": a, "target": b, "bandwidth_bit_per_s": "1 Mbit/s"} for a, b in links]
    return lambda document: document["device_graph"].update(links=rows)


def _edges(*edges: tuple[str, ...]) -> Edit:
    return lambda document: document["model"].update(edges=edges)


def _top(**fields: object) -> Edit:
    return lambda document: document.update(fields)


def _drop(key: str) -> Edit:
    return lambda document: document.pop(key)


def _faults(text: str | bytes) -> list[tuple[str, str, str]]:
    with pytest.raises(DocumentError) as caught:
        read_problem(text)
    return [(fault.pointer, fault.reason, fault.remedy) for fault in caught.value.faults]


def test_the_document_that_the_others_spoil_is_right() -> None:
    """Without a fault the document of these tests is taken, as JSON and as YAML."""
    problem = read_problem(json.dumps(_document()))
    assert isinstance(problem, PipelinePartitionProblem)
    assert read_problem("# a comment\n" + json.dumps(_document())) == problem


MEMORY = "/device_graph/devices/0/memory_bytes"
RATE = "/device_graph/devices/0/memory_bytes_per_s"
LINK = "/device_graph/links/0"
OUTPUT = "/model/layers/0/output_bytes_per_token"
SPOILED: list[tuple[str, Edit, str, str, str]] = [
    (
        "unknown key",
        _device(memory="1 GiB"),
        "/device_graph/devices/0/memory",
        "no such field",
        "spelling",
    ),
    ("missing key", _drop("objective"), "/objective", "the field is missing", "add the field"),
    ("missing kind", _drop("kind"), "/kind", "kind is not known", "pipeline_partition"),
    ("unknown kind", _top(kind="scheduling"), "/kind", "kind is not known", "pipeline_partition"),
    ("kind no string", _top(kind=[1]), "/kind", "kind is not known", "pipeline_partition"),
    (
        "other schema",
        _top(schema_version=2),
        "/schema_version",
        "not one of the values 1",
        "values named",
    ),
    ("objective", _top(objective="cost"), "/objective", "'latency'", "values named"),
    (
        "duplicate device",
        _device(name="y"),
        "/device_graph/devices/1/name",
        "two devices",
        "its own name",
    ),
    ("duplicate layer", _layer(name="b"), "/model/layers/1/name", "two layers", "use 'repeat'"),
    ("unknown end", _links(("x", "z")), LINK + "/target", "no device 'z'", "x, y"),
    ("link to itself", _links(("x", "x")), LINK, "joins 'x' with itself", "remove"),
    (
        "link twice",
        _links(("x", "y"), ("y", "x")),
        "/device_graph/links/1",
        "a second time",
        "directed",
    ),
    ("negative", _device(memory_bytes=-1), MEMORY, "outside 0 B to", '"8 GiB"'),
    ("negative text", _device(memory_bytes="-1 GiB"), MEMORY, "outside 0 B to", '"8 GiB"'),
    ("absurd", _device(memory_bytes="9e9 GiB"), MEMORY, "outside 0 B to", '"8 GiB"'),
    ("float", _device(memory_bytes=1.5), MEMORY, "neither an integer nor a string", '"8 GiB"'),
    ("boolean", _device(memory_bytes=True), MEMORY, "neither an integer nor", '"8 GiB"'),
    ("null", _device(memory_bytes=None), MEMORY, "neither an integer nor", '"8 GiB"'),
    ("wrong unit", _device(memory_bytes="3 s"), MEMORY, "'s' does not measure", '"8 GiB"'),
    ("unknown unit", _device(memory_bytes="3 GIB"), MEMORY, "unknown unit 'GIB'", '"8 GiB"'),
    ("missing unit", _device(memory_bytes="3"), MEMORY, "followed by a unit", '"8 GiB"'),
    (
        "no devices",
        _top(device_graph={"devices": []}),
        "/device_graph/devices",
        "too few: at least 1",
        "entry",
    ),
    (
        "layers no list",
        _top(model={"name": "m", "layers": {}}),
        "/model/layers",
        "not a list",
        "list",
    ),
    ("bad name", _layer(name="a\nb"), "/model/layers/0/name", "not a name", "letters, digits"),
    (
        "cycle",
        _edges(("a", "b"), ("b", "a")),
        "/model/edges",
        "cycle: a -> b -> a",
        "remove one edge",
    ),
    ("unknown layer", _edges(("a", "c")), "/model/edges/0/1", "no layer 'c'", "a, b"),
    ("no chain", _edges(), "/model/edges", "do not form a chain", "merge the layers"),
    ("too deep a chain", _layer(repeat=1024), "/model/layers", "1025 layers", "merge layers"),
    ("units unasked", _top(units=3), "/units", "'units' says nothing", "leave 'units' out"),
    ("units missing", _top(objective="makespan"), "/units", "how many units", "give 'units'"),
    (
        "unknown source",
        _top(source_device="z"),
        "/source_device",
        "the device 'z'",
        "use one of: x, y",
    ),
    (
        "hop to nowhere",
        _top(return_hop=True),
        "/source_device",
        "return to",
        "give 'source_device'",
    ),
    (
        "order twice",
        _top(device_order=["x", "x"]),
        "/device_order/1",
        "names 'x' twice",
        "each device once",
    ),
    ("order short", _top(device_order=["x"]), "/device_order", "leaves 'y' out", "every device"),
    (
        "batch not resident",
        _top(workload={"batch": 4, "concurrency": 2}),
        "/workload/concurrency",
        "less than the batch",
        "raise the concurrency",
    ),
    (
        "measured twice",
        _top(profile={"measurements": [{"time_ns": {}}, {"time_ns": {}}]}),
        "/profile/measurements/1",
        "two measurements",
        "merge them",
    ),
    (
        "pointer escaped",
        _top(profile={"measurements": [{"time_ns": {"x/y": {"b": "1 B"}}}]}),
        "/profile/measurements/0/time_ns/x~1y/b",
        "does not measure",
        '"2 ms"',
    ),
    (
        "no time known",
        _device(memory_bytes_per_s=None),
        RATE,
        "how long layer 'a' takes on device 'x'",
        "or give the device's memory_bytes_per_s or flops_per_s",
    ),
    ("slow device", _device(memory_bytes_per_s="1 B/s"), RATE, "over a day on device 'x'", "rates"),
    ("huge output", _layer(output_bytes_per_token="512 TiB"), OUTPUT, "over a day", "bandwidths"),
    (
        "dear move",
        lambda d: (
            _layer(weight_bytes="9 TiB")(d),
            _top(previous={"stages": [], "ns_per_mib": "9000 s"})(d),
        ),
        "/previous/ns_per_mib",
        "costs over a day",
        "lower it",
    ),
]


@pytest.mark.parametrize(
    ("edit", "pointer", "reason", "remedy"),
    [pytest.param(*rest, id=label) for label, *rest in SPOILED],
)
def test_one_fault_is_told_once(edit: Edit, pointer: str, reason: str, remedy: str) -> None:
    """A document with one fault is refused for it: where, what, and what to write instead."""
    document = _document()
    edit(document)
    faults = _faults(json.dumps(document))
    assert len(faults) == 1
    assert faults[0][0] == pointer
    assert reason in faults[0][1]
    assert remedy in faults[0][2]


def test_all_faults_are_told_at_once() -> None:
    """Three wrong fields give three faults, each at its own field."""
    document = _document()
    _device(memory_bytes="1", memory="2")(document)
    _top(objective="cost")(document)
    pointers = {pointer for pointer, _, _ in _faults(json.dumps(document))}
    assert pointers == {MEMORY, "/device_graph/devices/0/memory", "/objective"}


GOOD = json.dumps(_document())
TEXTS: list[tuple[str, str | bytes, str]] = [
    ("not a number", GOOD.replace('"1 GiB"', "NaN"), "the number is not finite"),
    ("infinite", GOOD.replace('"1 GiB"', "-Infinity"), "the number is not finite"),
    ("60 digits", GOOD.replace('"1 GiB"', "9" * 60), "over 40 digits"),
    ("key twice", GOOD.replace('"kind"', '"kind": 1, "kind"'), "'kind' stands twice"),
    ("cut off", GOOD[:-1], "not JSON at line 1"),
    ("text behind", GOOD + "x", "not JSON at line 1"),
    ("too large", GOOD + " " * 10**7, "larger than 8,388,608 bytes"),
    ("deep list", "[" * 100_000, "nested too deeply"),
    ("deep object", '{"a":' * 60 + "1" + "}" * 60, "nested too deeply"),
    ("deep YAML", "a: " + "[" * 20_000, "nested too deeply"),
    ("no UTF-8", b"\xff\xfe{}", "not UTF-8"),
    ("empty", "", "not an object"),
    ("a list", "[1, 2]", "not an object"),
    ("YAML alias", "kind: &k pipeline_partition\nmodel: *k\n", "aliases are not taken"),
    ("YAML bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "aliases are not taken"),
    ("YAML tag", "kind: !!python/object/apply:os.system [x]\n", "tags are not taken"),
    ("YAML bad tag", "kind: !!timestamp x\n", "tags are not taken"),
    ("YAML key twice", "kind: a\nkind: b\n", "'kind' stands twice"),
    (
        "YAML infinity",
        "kind: pipeline_partition\nunits: .inf\n",
        "the number is not finite",
    ),
    ("YAML syntax", "kind: [\n", "neither JSON nor YAML"),
    ("YAML two documents", "kind: a\n---\nkind: b\n", "neither JSON nor YAML"),
    ("key twice, unprintable", r'{"\ud800": 1, "\ud800": 2}', r"'\ud800' stands twice"),
    ("half a character", r'{"kind": "\udfff"}', "half a character"),
    ("half a character in a key", r'{"kind": 1, "a\ud83d": 2}', "half a character"),
    ("half a character in YAML", r'kind: "\ud83d"', "half a character"),
    ("YAML 60 digits", f"kind: {'9' * 60}\n", "over 40 digits"),
    ("YAML too large", "a: " + "x" * 2**19, "larger than 262,144 bytes"),
]


@pytest.mark.parametrize(
    ("text", "reason"), [pytest.param(*rest, id=label) for label, *rest in TEXTS]
)
def test_text_that_is_no_document_is_refused(text: str | bytes, reason: str) -> None:
    """Syntax, size, depth and numbers that do not exist each have their own reason."""
    [(_, told, remedy)] = _faults(text)
    assert reason in told
    assert remedy


def test_a_number_that_is_not_finite_is_named_by_its_place() -> None:
    """JSON and YAML both point to the field."""
    assert _faults(GOOD.replace('"1 GiB"', "NaN"))[0][0] == MEMORY
    assert _faults("kind: pipeline_partition\nunits: .inf\n")[0][0] == "/units"


@pytest.mark.parametrize("number", ["3:00:00", "0777777", "1:00:00.5", "59:" * 400 + "0.0", "1_0"])
def test_yaml_numbers_are_decimal(number: str) -> None:
    """What YAML 1.1 would read as 3 hours or as octal is refused by the field."""
    yaml = json.dumps(json.loads(GOOD), indent=1).replace('"1 GiB"', number)
    pointer, reason, _ = _faults("# not JSON\n" + yaml)[0]
    assert pointer == MEMORY
    assert reason == "not a number followed by a unit"


@pytest.mark.parametrize(("start", "stop"), [(0, 10**12), (3, 3), (5, 2)])
def test_previous_stages_lie_in_the_chain(start: int, stop: int) -> None:
    """A range of layers that no chain has is refused before anything counts through it."""
    document = _document()
    document["previous"] = {"stages": [{"device": "x", "start": start, "stop": stop}]}
    [(_, reason, remedy)] = _faults(json.dumps(document))
    assert reason.startswith("previous holds layers")
    assert remedy


def test_a_key_that_stands_twice_among_many_is_found_in_time() -> None:
    """Fifty thousand keys are compared in one pass, not each with each."""
    keys = ",".join(f'"k{number}":1' for number in range(50_000))
    [(_, reason, _)] = _faults(f'{{{keys},"k49999":2}}')
    assert "'k49999' stands twice" in reason


def test_a_contradiction_shows_the_value_at_its_field() -> None:
    """What stood in the field concerned, not the whole document; nothing where it was left out."""
    values = {}
    for field, value in (("units", 3), ("source_device", "z"), ("return_hop", True)):
        document = _document()
        _top(**{field: value})(document)
        with pytest.raises(DocumentError) as caught:
            read_problem(json.dumps(document))
        fault = caught.value.faults[0]
        values[fault.pointer] = fault.value
        if field == "source_device":
            assert fault.value == "'z'"
    assert values == {"/units": "3", "/source_device": "nothing"}


def test_without_links_no_link_is_too_slow() -> None:
    """An output that any link could send is no fault of a graph that has none."""
    document = _document()
    _layer(output_bytes_per_token="512 TiB")(document)
    document["device_graph"].pop("default_link")
    assert read_problem(json.dumps(document))
    _layer(output_bytes_per_token="512 PiB")(document)
    document["workload"] = {"unit_tokens": 10**6}
    [(pointer, reason, _)] = _faults(json.dumps(document))
    assert pointer == OUTPUT
    assert "any link that can be stated takes over a day" in reason


def test_yaml_dates_are_strings() -> None:
    """YAML's implicit dates would be no JSON; they stay text."""
    text = GOOD.replace('"two layers"', "2020-01-01").replace("{", "{ ", 1)
    assert read_problem(f"# YAML\n{text}").model.name == "2020-01-01"


def test_plans_are_read_alone_or_from_a_certificate() -> None:
    """The plan of an answer is a document of its own."""
    stages = [{"device": "x", "start": 0, "stop": 2}]
    plan = {"kind": "pipeline_partition", "stages": stages}
    alone = read_plan(json.dumps(plan))
    assert isinstance(alone, PipelinePartitionPlan)
    assert read_plan(json.dumps({"grade": "optimal", "plan": plan})) == alone
    with pytest.raises(DocumentError, match="kind is not known"):
        read_plan(json.dumps({"plan": None}))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """Bytes from anywhere raise nothing but a DocumentError with at least one fault."""
    with pytest.raises(DocumentError) as caught:
        read_problem(text)
    assert caught.value.faults


@given(st.text(alphabet="{}[]:,-?!&*|>'\"#%@`<= \n\tab01.", max_size=60))
def test_any_text_close_to_yaml_is_read_or_refused(text: str) -> None:
    """Text made of YAML's own signs raises nothing but a DocumentError."""
    with pytest.raises(DocumentError):
        read_problem(text)


@given(value=ANYTHING, data=st.data())
def test_anything_anywhere_in_a_document_is_read_or_refused(
    value: object, data: st.DataObject
) -> None:
    """Any value in place of any field of a right document: a problem, or a DocumentError."""
    document = _document()
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)), label="key")
        if not isinstance(place[key], dict | list) or data.draw(st.booleans(), label="here"):
            break
        place = place[key]
    place[key] = value
    try:
        problem = read_problem(json.dumps(document))
    except DocumentError as error:
        assert error.faults  # noqa: PT017  # either outcome is right, and each has its check
    else:
        assert digest(problem)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problem=strategies.pipeline_partition(), about=st.text("abc ", max_size=20))
def test_problems_survive_the_way_through_json(
    problem: PipelinePartitionProblem, about: str
) -> None:
    """Written and read again a problem is equal; `about` alone does not change its digest."""
    again = read_problem(problem.model_dump_json())
    assert again == problem
    assert digest(again) == digest(problem)
    told = problem.model_copy(update={"about": about})
    assert digest(told) == digest(problem)


def test_digest_sees_every_other_field() -> None:
    """A change of any figure changes the digest; the same figure in other units does not."""
    problem = read_problem(GOOD)
    same = read_problem(GOOD.replace('"1 GiB"', "1073741824").replace("1 Gbit/s", "125 MB/s"))
    other = read_problem(GOOD.replace('"1 GiB"', "1073741825"))
    assert digest(same) == digest(problem)
    assert digest(other) != digest(problem)


@pytest.mark.parametrize(
    ("change", "pointer", "reason"),
    [
        ({"edges": [["stem"]]}, "/edges/0/1", "the list ends before this entry"),
        ({"edges": [["stem", "left", "x"]]}, "/edges/0", "more than 2 entries"),
        ({"operators": []}, "/operators", "0 entries are too few: at least 1"),
        ({"operators": {}}, "/operators", "not a list"),
        ({"contiguous": 1}, "/contiguous", "neither true nor false"),
        ({"accelerators": "2"}, "/accelerators", "not a whole number"),
        ({"accelerator_memory_bytes": -1}, "/accelerator_memory_bytes", "outside 0 B to"),
    ],
)
def test_no_word_of_the_parser_reaches_a_reader(
    change: dict[str, Any], pointer: str, reason: str
) -> None:
    """Lists, entries and numbers are told as such, without tuples or validation."""
    with pytest.raises(DocumentError) as refused:
        read_problem(json.dumps(EXAMPLES["dag_partition"].problem | change))
    fault = refused.value.faults[0]
    assert fault.pointer == pointer
    assert reason in fault.reason
