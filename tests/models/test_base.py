"""Copies of documents."""

from models.devices import LinkRate
from tests.small import two_devices


def test_a_copy_forgets_what_was_computed_from_the_old_values() -> None:
    """Links and devices are looked up in tables that are cached; a changed copy has its own."""
    graph = two_devices().device_graph
    assert graph.rate("quick", "slow") is not None
    assert graph.device("quick") is not None
    apart = graph.model_copy(update={"devices": graph.devices[1:], "default_link": None})
    assert apart.device("quick") is None
    assert apart.rate("quick", "slow") is None
    joined = apart.model_copy(update={"default_link": LinkRate(bandwidth_bit_per_s=1)})
    assert joined.rate("quick", "slow") is not None
