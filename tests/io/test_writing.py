import os
import stat

import numpy as np
import pytest
import tifffile
from PIL import Image

from emstellar.io import read_images, write_images


@pytest.fixture
def stack():
    return np.random.default_rng(0).integers(0, 255, size=(3, 8, 10)).astype("uint8")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("target", ["stack.tif", "folder", "stack.h5"])
def test_what_is_written_is_read(tmp_path, stack, dtype, target):
    names = ["b", "a10", "a9"]
    write_images(tmp_path / target, stack.astype(dtype), names)
    images, found = read_images(tmp_path / target)
    order = [names.index(name) for name in found]
    assert images.dtype == dtype
    assert sorted(found) == sorted(names)
    np.testing.assert_array_equal(images, stack.astype(dtype)[order])


@pytest.mark.parametrize("target", ["stack.tif", "folder"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_channels(tmp_path, target, n_channels):
    images = np.arange(2 * 6 * 7 * n_channels, dtype="uint16").reshape(2, 6, 7, n_channels)
    write_images(tmp_path / target, images)
    expected = images[..., 0] if n_channels == 1 else images
    np.testing.assert_array_equal(read_images(tmp_path / target)[0], expected)


def test_other_programs_read_the_stack(tmp_path, stack):
    write_images(tmp_path / "stack.tif", stack)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "stack.tif"), stack)
    with Image.open(tmp_path / "stack.tif") as picture:
        assert picture.n_frames == 3


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_folder(tmp_path, stack, dtype):
    write_images(tmp_path / "out", stack.astype(dtype), ["x", "y", "z"], suffix=".png")
    assert sorted(os.listdir(tmp_path / "out")) == ["x.png", "y.png", "z.png"]
    found = np.asarray(Image.open(tmp_path / "out" / "y.png"))
    np.testing.assert_array_equal(found, stack[1])
    assert read_images(tmp_path / "out")[0].dtype == dtype


def test_images_of_different_sizes_go_to_a_folder(tmp_path):
    images = [np.zeros((4, 5), "uint8"), np.zeros((6, 5), "uint8")]
    write_images(tmp_path / "out", images)
    found, names = read_images(tmp_path / "out")
    assert [image.shape for image in found] == [(4, 5), (6, 5)]
    assert names == ["0000", "0001"]
    with pytest.raises(ValueError, match=r"stack s\.tif must have one size, got \[\(4, 5\), \(6"):
        write_images(tmp_path / "s.tif", images)


def test_mrc(tmp_path, stack):
    mrcfile = pytest.importorskip("mrcfile")
    write_images(tmp_path / "s.mrc", stack.astype("float32"))
    assert mrcfile.validate(tmp_path / "s.mrc")
    np.testing.assert_array_equal(mrcfile.read(tmp_path / "s.mrc"), stack)


@pytest.mark.parametrize("dtype", ["uint8", "float64", "bool"])
def test_mrc_refuses_types_it_would_change(tmp_path, stack, dtype):
    pytest.importorskip("mrcfile")
    with pytest.raises(ValueError, match=rf"MRC file cannot hold images of type {dtype}"):
        write_images(tmp_path / "s.mrc", stack.astype(dtype))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b"], "Found 3 images but 2 names"),
        (["a", "b", "a"], "these occur more than once: a"),
        (["a", "b", "../c"], r"Names must be file names without folders, got \['../c'\]"),
        (["a", "b", ""], "Names must be file names"),
    ],
)
def test_wrong_names(tmp_path, stack, names, message):
    with pytest.raises(ValueError, match=message):
        write_images(tmp_path / "out", stack, names)
    assert not (tmp_path / "out").exists()


def test_png_refuses_types_it_would_change(tmp_path, stack):
    with pytest.raises(ValueError, match=r"cannot hold grey images of type float32 \(a\.png\)"):
        write_images(tmp_path, stack[:1].astype("float32"), ["a"], suffix=".png")
    with pytest.raises(ValueError, match=r"suffix must be one of .* got '\.gif'"):
        write_images(tmp_path, stack, suffix=".gif")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, stack, monkeypatch):
    write_images(tmp_path / "s.tif", stack)

    def fail(file, *args, **kwargs):
        with open(file, "wb") as half:
            half.write(b"II*")
        raise KeyboardInterrupt

    monkeypatch.setattr(tifffile, "imwrite", fail)
    with pytest.raises(KeyboardInterrupt):
        write_images(tmp_path / "s.tif", stack + 1)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "s.tif"), stack)
    assert os.listdir(tmp_path) == ["s.tif"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
def test_files_have_the_permissions_of_any_new_file(tmp_path, stack):
    (tmp_path / "plain").touch()
    write_images(tmp_path / "s.tif", stack)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "s.tif")]
    assert modes[0] == modes[1]
