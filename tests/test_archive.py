import contextlib
import io
import json
import os
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emstellar import archive
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


def zipped(members, **options):
    """Return the bytes of an archive of (name, content) pairs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as target, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of names that come twice.
        for name, content in members:
            target.writestr(name, content)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npy_that_claims(shape, dtype="<f4", data=b"0123"):
    """Return the bytes of an npy file whose header says what its data does not hold."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + data


def file_of(header=None, arrays=None, counts=None):
    """Return the bytes of a file of one array, or with another header or other arrays."""
    arrays = [("a_0000.npy", npy(np.arange(3)))] if arrays is None else arrays
    header = {"counts": {"a": 1} if counts is None else counts} if header is None else header
    text = header if isinstance(header, (str, bytes)) else json.dumps(header)
    return zipped([("segmenter.json", text), ("variables.npz", zipped(arrays))])


def refused(path, content, message):
    """Check that a file is refused for a reason, without more memory than it is worth."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"is not a segmenter .* damaged: .*{message}"):
            read_archive(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20 + 5 * len(content)


def test_the_files_of_these_tests_would_be_read(tmp_path):
    (tmp_path / "file").write_bytes(file_of())
    _, arrays = read_archive(tmp_path / "file")
    assert_array_equal(arrays["a"][0], np.arange(3))


LIES = [
    # A tebibyte, as many elements as no integer counts, less than nothing, one too many.
    npy_that_claims((2**38,)),
    npy_that_claims((2**40, 2**40)),
    npy_that_claims((-1,)),
    npy_that_claims((2,)),
    npy_that_claims((1, 1), dtype="<f8"),
]


@pytest.mark.parametrize("content", LIES)
def test_an_array_that_claims_another_size_is_refused_before_it_is_made(tmp_path, content):
    content = file_of(arrays=[("a_0000.npy", content)])
    refused(tmp_path / "file", content, "a_0000 is said to be of shape")


@pytest.mark.parametrize(
    "content",
    [
        npy_that_claims((1,), dtype="|O"),
        npy_that_claims((1,), dtype="<U1"),
        npy_that_claims((1,), dtype=[("x", "<f4")]),
    ],
)
def test_arrays_of_anything_but_numbers_are_refused(tmp_path, content):
    content = file_of(arrays=[("a_0000.npy", content)])
    refused(tmp_path / "file", content, "a_0000 holds .* expected numbers")


@pytest.mark.parametrize("content", [b"", b"cos\nsystem\n(S'ls'\ntR.", b"\x93NUMPY\x03\x00"])
def test_arrays_in_another_format_are_refused(tmp_path, content):
    refused(tmp_path / "file", file_of(arrays=[("a_0000.npy", content)]), "")


ARRAY = ("a_0000.npy", npy(np.arange(3)))


@pytest.mark.parametrize(
    ("arrays", "counts", "message"),
    [
        ([ARRAY, ARRAY], {"a": 1}, "it holds 2 arrays, its header says"),
        ([ARRAY, ARRAY], {"a": 2}, "it holds .*a_0000.npy.*, expected .*a_0001.npy"),
        ([("../../a_0000.npy", ARRAY[1])], {"a": 1}, r"it holds \['../../a_0000.npy'\], expected"),
        ([], {"a": 1}, "it holds 0 arrays"),
        ([ARRAY], {"a": 10**12}, "it holds 1 arrays"),
        ([ARRAY], {"a": 10**12, "b": 1 - 10**12}, "it holds 1 arrays"),
        ([ARRAY], {"a": "all"}, ""),
    ],
)
def test_arrays_that_are_missing_doubled_or_elsewhere_are_refused(
    tmp_path, arrays, counts, message
):
    refused(tmp_path / "file", file_of(arrays=arrays, counts=counts), message)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["segmenter.json", "variables.npz", "variables.npz"], "it holds"),
        (["segmenter.json", "/tmp/variables.npz"], "it holds"),
        (["segmenter.json", "..\\variables.npz"], "it holds"),
        (["segmenter.json"], "it holds .'segmenter.json'., expected"),
    ],
)
def test_members_that_are_missing_doubled_or_elsewhere_are_refused(tmp_path, names, message):
    contents = {"segmenter.json": json.dumps({"counts": {"a": 1}})}
    members = [(name, contents.get(name, zipped([ARRAY]))) for name in names]
    refused(tmp_path / "file", zipped(members), message)


def directory_with(content, name, **fields):
    """Return an archive whose directory says other things of one member."""
    # Offsets in a record of the central directory, after APPNOTE.TXT of the zip format.
    places = {"flags": (8, "<H"), "stored": (20, "<I"), "size": (24, "<I"), "offset": (42, "<I")}
    content = bytearray(content)
    start = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    for field, value in fields.items():
        place, kind = places[field]
        struct.pack_into(kind, content, start + place, value)
    return bytes(content)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": 2**32 - 2}, "is said to have 4294967294 bytes"),
        ({"size": 2**32 - 2, "stored": 2**32 - 2}, "is said to have 4294967294 bytes"),
        ({"size": 3}, "is said to have 3 bytes"),
        ({"offset": 2**32 - 2}, "is said to have"),
        ({"flags": 1}, "encrypted members"),
    ],
)
@pytest.mark.parametrize("name", ["segmenter.json", "variables.npz"])
def test_sizes_that_are_not_true_are_refused_before_anything_is_read(
    tmp_path, name, fields, message
):
    refused(tmp_path / "file", directory_with(file_of(), name, **fields), message)


def test_members_on_top_of_each_other_are_refused(tmp_path):
    array = npy(np.zeros(5000))
    inner = zipped([("a_0000.npy", array), ("a_0001.npy", array)])
    inner = directory_with(inner, "a_0001.npy", offset=0)
    text = json.dumps({"counts": {"a": 2}})
    content = zipped([("segmenter.json", text), ("variables.npz", inner)])
    refused(tmp_path / "file", content, "")


def test_compressed_bombs_are_refused(tmp_path):
    bomb = [("segmenter.json", " " * 2**24), ("variables.npz", b"")]
    content = zipped(bomb, compression=zipfile.ZIP_DEFLATED)
    refused(tmp_path / "file", content, "it holds compressed members")
    inner = zipped([("a_0000.npy", npy(np.zeros(2**18)))], compression=zipfile.ZIP_DEFLATED)
    text = json.dumps({"counts": {"a": 1}})
    content = zipped([("segmenter.json", text), ("variables.npz", inner)])
    refused(tmp_path / "file", content, "it holds compressed members")


def test_an_endless_header_is_refused(tmp_path):
    # A sparse file that is as large as it says.
    with open(tmp_path / "file", "wb") as file:
        file.truncate(2**33)
        with zipfile.ZipFile(file, "a") as target:
            target.writestr("segmenter.json", "{}")
            target.writestr("variables.npz", b"")
    with open(tmp_path / "file", "r+b") as file:
        file.seek(2**33)
        end = directory_with(file.read(), "segmenter.json", size=2**31, stored=2**31, offset=0)
        file.seek(2**33)
        file.write(end)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"its header has 2147483648 bytes, at most"):
        read_archive(tmp_path / "file")
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "header", ["", "{", "[]", "3", "null", '{"counts": 3}', b"\xff\xfe", "[" * 100_000]
)
def test_headers_that_are_not_ours_are_refused(tmp_path, header):
    (tmp_path / "file").write_bytes(file_of(header=header))
    with pytest.raises(ValueError, match=r"is not a segmenter saved by emstellar, or is damaged"):
        read_archive(tmp_path / "file")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_bytes_are_changed_the_file_is_read_as_it_was_or_refused(tmp_path_factory, data):
    content = bytearray(file_of())
    places = st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)
    for place in data.draw(places):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "file"
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with contextlib.suppress(ValueError):
        header, arrays = read_archive(path)
        assert header == {"counts": {"a": 1}}
        assert_array_equal(arrays["a"][0], np.arange(3))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_an_array_s_header_says_it_is_read_or_refused(tmp_path_factory, data):
    # With a right checksum, unlike above.
    content = bytearray(npy(np.arange(3)))
    for place in data.draw(st.lists(st.integers(0, 127), min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "file"
    path.write_bytes(file_of(arrays=[("a_0000.npy", bytes(content))]))
    with contextlib.suppress(ValueError):
        assert read_archive(path)[1]["a"][0].nbytes == 24


def test_what_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    for array in (np.array([None]), np.array(["a"]), np.zeros(1, [("x", "f4")])):
        with pytest.raises(TypeError, match=r"The array a_0000 is of dtype .* expected numbers"):
            write_archive(tmp_path / "file", {}, {"a": [array]})
    monkeypatch.setattr(archive, "LARGEST_HEADER", 100)
    with pytest.raises(ValueError, match=r"take .* bytes as text; a file can hold 100"):
        write_archive(tmp_path / "file", {"history": list(range(100))}, {})
    assert os.listdir(tmp_path) == []
