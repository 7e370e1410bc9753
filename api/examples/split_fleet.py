"""An example of split_fleet that a person can solve by hand.

Two cameras at 5 frames/s on 600 kbit/s, of which one may send 10 kB (400 kbit/s) and the other 1
kB: the one that counts once loses 50,000 ppm.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "split_fleet",
        "catalogues": [
            {
                "name": "camera",
                "options": [
                    {
                        "name": "small",
                        "device_ns": "5 ms",
                        "sent_bytes": "1 kB",
                        "server_ns": "2 ms",
                        "accuracy_ppm": 700000,
                    },
                    {
                        "name": "large",
                        "device_ns": "5 ms",
                        "sent_bytes": "10 kB",
                        "server_ns": "2 ms",
                        "accuracy_ppm": 750000,
                    },
                ],
            }
        ],
        "uplinks": [{"name": "cell", "bandwidth_bit_per_s": "600 kbit/s"}],
        "servers": [{"name": "edge"}],
        "streams": [
            {
                "name": "gate",
                "catalogue": "camera",
                "uplink": "cell",
                "rate_millihz": 5000,
                "priority": 2,
            },
            {"name": "yard", "catalogue": "camera", "uplink": "cell", "rate_millihz": 5000},
        ],
    },
    plan={
        "kind": "split_fleet",
        "choices": [
            {"stream": "gate", "option": "large", "server": "edge"},
            {"stream": "yard", "option": "small", "server": "edge"},
        ],
    },
    objective=50_000,
)
