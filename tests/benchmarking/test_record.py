"""What is kept of a job."""

import json

import numpy as np
import pytest

from emstellar.benchmarking._record import Record
from emstellar.benchmarking._store.record_files import StoredMaps


def test_records_survive_json():
    record = Record("a", 0, 1, pooled={"test": {"f1": np.float64(0.5), "auc": np.nan}})
    record.keep_maps("test", np.full((1, 2, 2, 2), 0.5), "uint8")
    back = Record.from_dict(json.loads(record.to_json()))
    assert back.key == record.key
    assert back.pooled["test"]["f1"] == 0.5
    assert np.isnan(back.pooled["test"]["auc"])
    assert back.maps == {}


def test_stored_maps_are_a_mapping(tmp_path):
    arrays = {
        "test-000001": np.ones(2),
        "test-000000": np.zeros(2),
        "validation-000000": np.ones(3),
    }
    np.savez(tmp_path / "maps.npz", **arrays)
    maps = StoredMaps(tmp_path / "maps.npz")
    assert list(maps) == ["test", "validation"]
    assert len(maps) == 2
    assert [m.tolist() for m in maps["test"]] == [[0, 0], [1, 1]]
    with pytest.raises(KeyError, match="train"):
        maps["train"]
