import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from emstellar.archive import read_archive, write_archive


def test_what_was_written_is_read(tmp_path):
    arrays = {"a": [np.arange(3), np.zeros((2, 0), "float16")], "b": []}
    write_archive(tmp_path / "file", {"text": "é", "list": [1, None]}, arrays)
    header, found = read_archive(tmp_path / "file")
    assert (header["text"], header["list"]) == ("é", [1, None])
    assert found.keys() == arrays.keys()
    for a, b in zip(found["a"], arrays["a"], strict=True):
        assert_array_equal(a, b)
        assert a.dtype == b.dtype


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    write_archive(tmp_path / "file", {"version": 1}, {})
    with pytest.raises(TypeError):
        write_archive(tmp_path / "file", {"version": object()}, {})
    assert os.listdir(tmp_path) == ["file"]
    assert read_archive(tmp_path / "file")[0]["version"] == 1


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_archive(tmp_path / "none")
