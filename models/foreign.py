"""Formats of others that 'edgeplan import' reads, told by the keys that only they have."""

# Format -> keys that stand in every document of it, for those that are one object of known keys.
_KEYS = {
    "dnn-partitioning": {"nodes", "edges", "maxFPGAs"},
    "helix": {"layers", "throughput_by_layers_held", "links"},
    "submodular": {"family", "values", "weights", "capacity"},
}
# PipeEdge names models and device types by the user's own words; their fields tell them.
_PIPEEDGE = ({"parameters_in", "parameters_out"}, {"bw_Mbps", "model_profiles"})


def command_for(document: dict[str, object]) -> str | None:
    """The arguments of 'edgeplan' that read such a document; None where it is not recognised."""
    for name, keys in _KEYS.items():
        if keys <= document.keys():
            return f"import {name} FILE"
    if any(_is_pipeedge(entry) for entry in document.values()):
        return "import pipeedge MODELS DEVICE_TYPES DEVICES --model NAME"
    return None


def _is_pipeedge(entry: object) -> bool:
    """A model, a device type, or a type's devices by name."""
    if isinstance(entry, list):
        return bool(entry) and all(isinstance(name, str) for name in entry)
    return isinstance(entry, dict) and any(fields <= entry.keys() for fields in _PIPEEDGE)
