import builtins
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from emstellar.io import read_images, read_masks
from emstellar.io.reading import natural_key


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 60000, size=(3, 8, 10)).astype("uint16")


def test_16_bit_tiff_stack_is_read_as_it_is(tmp_path, noise):
    tifffile.imwrite(tmp_path / "cell.tif", noise, photometric="minisblack")
    images, names = read_images(tmp_path / "cell.tif")
    assert images.dtype == np.uint16
    np.testing.assert_array_equal(images, noise)
    assert names == ["cell-0000", "cell-0001", "cell-0002"]


def test_single_image_has_the_name_of_its_file(tmp_path, noise):
    tifffile.imwrite(tmp_path / "cell.7.tiff", noise[0])
    images, names = read_images(str(tmp_path / "cell.7.tiff"))
    assert images.shape == (1, 8, 10)
    assert names == ["cell.7"]


def test_imagej_labels_become_names(tmp_path, noise):
    metadata = {"axes": "ZYX", "Labels": ["first", "second", "third"]}
    tifffile.imwrite(tmp_path / "stack.tif", noise, imagej=True, metadata=metadata)
    assert read_images(tmp_path / "stack.tif")[1] == ["first", "second", "third"]


def test_imagej_channels_come_last(tmp_path, noise):
    volume = np.stack([noise, noise + 1], axis=1)
    tifffile.imwrite(tmp_path / "c.tif", volume, imagej=True, metadata={"axes": "ZCYX"})
    images, _ = read_images(tmp_path / "c.tif")
    np.testing.assert_array_equal(images, np.stack([noise, noise + 1], axis=-1))


def test_colour_tiff_keeps_its_channels(tmp_path):
    colour = np.arange(4 * 5 * 3, dtype="uint16").reshape(4, 5, 3)
    tifffile.imwrite(tmp_path / "rgb.tif", colour, photometric="rgb")
    np.testing.assert_array_equal(read_images(tmp_path / "rgb.tif")[0], colour[np.newaxis])


def test_pages_of_different_sizes_give_a_list(tmp_path):
    with tifffile.TiffWriter(tmp_path / "pages.tif") as tif:
        for width in (5, 7):
            tif.write(np.zeros((4, width), "uint8"), metadata=None)
    images, names = read_images(tmp_path / "pages.tif")
    assert [image.shape for image in images] == [(4, 5), (4, 7)]
    assert len(names) == 2


def test_folder_in_natural_order_without_other_files(tmp_path):
    for number in (10, 9, 1):
        Image.fromarray(np.full((4, 4), number, "uint8")).save(tmp_path / f"z{number}.png")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".z5.png").write_text("left by another program")
    images, names = read_images(tmp_path)
    assert names == ["z1", "z9", "z10"]
    assert images[:, 0, 0].tolist() == [1, 9, 10]


def test_different_types_are_not_mixed_into_one(tmp_path):
    Image.fromarray(np.zeros((4, 4), "uint8")).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((4, 4), "uint16")).save(tmp_path / "b.png")
    images, _ = read_images([tmp_path / "a.png", tmp_path / "b.png"])
    assert [image.dtype for image in images] == [np.uint8, np.uint16]


def test_mrc(tmp_path, noise):
    mrcfile = pytest.importorskip("mrcfile")
    mrcfile.write(tmp_path / "tomogram.mrc", noise)
    images, names = read_images(tmp_path / "tomogram.mrc")
    np.testing.assert_array_equal(images, noise)
    assert names[2] == "tomogram-0002"


def test_hdf5(tmp_path, noise):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["raw/volume"] = noise
    np.testing.assert_array_equal(read_images(tmp_path / "v.h5")[0], noise)
    with h5py.File(tmp_path / "v.h5", "a") as file:
        file["labels"] = noise > 9
    np.testing.assert_array_equal(read_images(tmp_path / "v.h5", key="labels")[0], noise > 9)
    with pytest.raises(OSError, match=r"v\.h5: it holds the data sets labels, raw/volume; name"):
        read_images(tmp_path / "v.h5")
    with pytest.raises(OSError, match="labels, raw/volume, none of them 'mask'"):
        read_images(tmp_path / "v.h5", key="mask")


@pytest.mark.parametrize(("suffix", "module"), [(".mrc", "mrcfile"), (".h5", "h5py")])
def test_missing_extra(tmp_path, monkeypatch, suffix, module):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == module:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    (tmp_path / f"a{suffix}").write_bytes(b"")
    with pytest.raises(ImportError, match=rf"{module}.*pip install emstellar\[io\]"):
        read_images(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".h5", ".mrc"])
def test_damaged_file_is_named(tmp_path, suffix):
    (tmp_path / f"broken{suffix}").write_bytes(b"this is no image at all")
    with pytest.raises(OSError, match=rf"Could not read .*broken\{suffix}"):
        read_images(tmp_path / f"broken{suffix}")


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_truncated_file_is_named(tmp_path, noise, suffix):
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(whole, noise[0], compression="zlib")
    else:
        Image.fromarray(noise[0]).save(whole)
    cut.write_bytes(whole.read_bytes()[:-60])
    with pytest.raises(OSError, match=rf"Could not read .*cut\{suffix}"):
        read_images(cut)


def test_16_bit_colour_png_is_refused_rather_than_reduced(tmp_path):
    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" + bytes(range(12))))
    picture = b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b"")
    (tmp_path / "deep.png").write_bytes(picture)
    with pytest.raises(OSError, match=r"deep\.png: a PNG with 16 bits per colour channel"):
        read_images(tmp_path / "deep.png")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No such file or folder: .*nowhere"):
        read_images(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"Found no images in the folder .*\.tif"):
        read_images(tmp_path)


def test_unknown_type(tmp_path):
    (tmp_path / "a.docx").write_bytes(b"")
    with pytest.raises(ValueError, match=r"Unknown type of file: .*a\.docx\. Known are \.tif"):
        read_images(tmp_path / "a.docx")


def test_masks_stored_in_colour_lose_their_channels(tmp_path):
    labels = np.random.default_rng(0).integers(0, 3, size=(6, 7)).astype("uint8")
    Image.fromarray(np.stack([labels] * 3, axis=-1)).save(tmp_path / "a.png")
    opaque = np.full_like(labels, 255)
    Image.fromarray(np.stack([labels] * 3 + [opaque], axis=-1)).save(tmp_path / "b.png")
    masks, names = read_masks(tmp_path)
    np.testing.assert_array_equal(masks, [labels, labels])
    assert names == ["a", "b"]


def test_coloured_mask_is_refused(tmp_path):
    picture = np.zeros((4, 4, 3), "uint8")
    picture[0, 0, 1] = 255
    Image.fromarray(picture).save(tmp_path / "red.png")
    with pytest.raises(ValueError, match="The mask 'red' has colours: its 3 channels differ"):
        read_masks(tmp_path)


def test_natural_order():
    names = ["a10", "a2", "A1", "b", "10", "9", "a2b10", "a2b9"]
    expected = ["9", "10", "A1", "a2", "a2b9", "a2b10", "a10", "b"]
    assert sorted(names, key=natural_key) == expected
