"""Versions and hardware."""

import numpy as np

from emstellar.benchmarking.environment import describe_environment, diagnose


def test_the_environment_names_versions():
    found = describe_environment()
    assert found["numpy"] == np.__version__
    assert "processors" in found["machine"]


def test_diagnosis_adds_devices_and_data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSTELLAR_DATA", str(tmp_path))
    found = diagnose()
    assert found["data home"] == str(tmp_path)
    assert "cpu" in found["devices"].lower()
