"""Settings: from the environment, with units, and closed to strangers."""

import pytest
from pydantic import ValidationError

from api.settings import SECOND_NS, Settings


def test_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantities may carry their unit; what is given to the class stands above the environment."""
    monkeypatch.setenv("EDGEPLAN_MAX_TIME_LIMIT", "2 min")
    monkeypatch.setenv("EDGEPLAN_SLOTS", "3")
    settings = Settings(slots=5)
    assert settings.max_time_limit == 120 * SECOND_NS
    assert settings.slots == 5


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback(host: str) -> None:
    """The own host needs no keys."""
    assert Settings(host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "edge.example"])
def test_other_hosts(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other hosts are refused, with the setting that allows them."""
    with pytest.raises(ValidationError, match="it asks for no API keys") as refused:
        Settings(host=host)
    assert "EDGEPLAN_ALLOW_REMOTE_WITHOUT_KEYS=1" in str(refused.value.errors())
    monkeypatch.setenv("EDGEPLAN_ALLOW_REMOTE_WITHOUT_KEYS", "1")
    assert Settings(host=host).host == host


@pytest.mark.parametrize(
    ("name", "value"), [("SLOTS", "0"), ("PORT", "70000"), ("MAX_TIME_LIMIT", "60")]
)
def test_nonsense(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Values out of range and quantities without a unit are refused."""
    monkeypatch.setenv(f"EDGEPLAN_{name}", value)
    with pytest.raises(ValidationError):
        Settings()
