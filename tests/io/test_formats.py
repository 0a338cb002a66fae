"""A file format is one entry: suffixes, reader, writers and what it needs are read from it."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from emstellar.benchmarking.environment import OPTIONAL
from emstellar.io import formats, read_images, write_images
from emstellar.io.formats import FORMATS, Format, format_of, optional_packages, suffixes_of

IMAGES = np.arange(2 * 4 * 5, dtype="uint8").reshape(2, 4, 5)


def read_npy(path, key, are_labels):
    images = list(np.load(path))
    return images, [f"image-{i}" for i in range(len(images))]


def write_npy(path, stack, names):
    with open(path, "wb") as file:
        np.save(file, stack)


@pytest.fixture
def add(monkeypatch):
    """Add an entry within the test."""

    def add(**options):
        added = Format("NumPy", (".npy",), read_npy, write_stack=write_npy, **options)
        monkeypatch.setattr(formats, "FORMATS", (*FORMATS, added))

    return add


def test_an_entry_is_written_and_read(add, tmp_path):
    add()
    write_images(tmp_path / "stack.npy", IMAGES)
    images, names = read_images(tmp_path / "stack.npy")
    np.testing.assert_array_equal(images, IMAGES)
    assert names == ["image-0", "image-1"]


def test_a_folder_is_searched_for_it_if_it_says_so(add, tmp_path):
    add(in_folders=True)
    np.save(tmp_path / "a.npy", IMAGES)
    assert len(read_images(tmp_path)[0]) == 2


def test_a_folder_is_not_searched_for_it_otherwise(add, tmp_path):
    add()
    np.save(tmp_path / "a.npy", IMAGES)
    with pytest.raises(FileNotFoundError, match=r"end in \.tif, \.tiff, \.png"):
        read_images(tmp_path)


def test_a_missing_package_is_named_with_its_extra(add, tmp_path):
    add(package="no_such_package", extra="npy")
    assert "no_such_package" in optional_packages()
    (tmp_path / "a.npy").touch()
    with pytest.raises(ImportError, match=r"NumPy files need .* no_such_package, .*emstellar\[npy"):
        read_images(tmp_path / "a.npy")


def test_unknown_suffixes_are_answered_by_all_known_ones(add):
    add()
    with pytest.raises(ValueError, match=r"Unknown type of file: a\.xyz\. Known are .*\.h5.*\.npy"):
        format_of("a.xyz")


def test_no_suffix_has_two_formats():
    suffixes = suffixes_of("read")
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in suffixes)


def test_every_package_is_an_optional_dependency_that_the_doctor_looks_for():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for fmt in FORMATS:
        if fmt.package is not None:
            extra = project["optional-dependencies"][fmt.extra]
            assert any(item.startswith(fmt.package) for item in extra)
            assert fmt.package in OPTIONAL
