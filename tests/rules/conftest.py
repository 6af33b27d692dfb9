"""What the tests of the rules share: the real catalogue, and the real life of an alert."""

from collections.abc import Mapping

import pytest

from agent.alerts import lifecycle
from agent.looking import CATALOGUE, PROVIDERS
from agent.readings import MetricSpec


@pytest.fixture(scope="session")
def catalogue() -> Mapping[str, MetricSpec]:
    """Every metric by its name."""
    return CATALOGUE


@pytest.fixture(scope="session")
def owners() -> Mapping[str, str]:
    """The probe of every metric."""
    return PROVIDERS


@pytest.fixture(scope="session")
def step():
    """One step of an alert's life."""
    return lifecycle.step
