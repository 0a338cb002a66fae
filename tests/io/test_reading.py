import builtins
import json
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


@pytest.mark.parametrize(
    ("flags", "dtype"), [(b"\0\0\0\0", "uint8"), (b"\1\0\0\0", "int8"), (None, "int8")]
)
def test_bytes_of_mrc_files_have_a_sign_unless_imod_says_otherwise(tmp_path, flags, dtype):
    mrcfile = pytest.importorskip("mrcfile")
    values = np.arange(256, dtype="uint8").reshape(1, 16, 16)
    mrcfile.write(tmp_path / "a.mrc", values.view("int8"))
    if flags is not None:
        raw = bytearray((tmp_path / "a.mrc").read_bytes())
        raw[152:160] = struct.pack("<i", 1146047817) + flags
        (tmp_path / "a.mrc").write_bytes(raw)
    images, _ = read_images(tmp_path / "a.mrc")
    assert images.dtype == dtype
    np.testing.assert_array_equal(images, values.view(dtype))


@pytest.mark.parametrize("n_sections", [3, 4, 5])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_stack_of_three_sections_is_no_colour_image(tmp_path, n_sections):
    stack = np.random.default_rng(0).integers(0, 255, (n_sections, 8, 10)).astype("uint8")
    tifffile.imwrite(tmp_path / "stack.tif", stack)
    np.testing.assert_array_equal(read_images(tmp_path / "stack.tif")[0], stack)


def test_colour_planes_of_other_programs_are_channels(tmp_path):
    planes = np.arange(60, dtype="uint8").reshape(3, 4, 5)
    options = {"photometric": "rgb", "planarconfig": "separate", "metadata": None}
    tifffile.imwrite(tmp_path / "planes.tif", planes, **options)
    found = read_images(tmp_path / "planes.tif")[0]
    np.testing.assert_array_equal(found, np.moveaxis(planes, 0, -1)[np.newaxis])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16"])
def test_white_is_zero_is_turned_round(tmp_path, dtype):
    stored = np.array([[0, 1], [1, 0]]).astype(dtype)
    tifffile.imwrite(tmp_path / "w.tif", stored, photometric="miniswhite")
    top = 1 if dtype == "bool" else np.iinfo(dtype).max
    found = read_images(tmp_path / "w.tif")[0][0]
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.astype(int), top - stored.astype(int))


def test_pictures_agree_on_fax_tiff(tmp_path):
    mask = np.zeros((16, 16), "uint8")
    mask[4:9, 4:9] = 255
    Image.fromarray(mask).convert("1").save(tmp_path / "fax.tif", compression="group4")
    np.testing.assert_array_equal(read_masks(tmp_path / "fax.tif")[0][0], mask > 0)


def test_a_missing_codec_is_named_with_its_remedy(tmp_path, monkeypatch):
    def without_codec(series):
        raise ValueError("<COMPRESSION.CCITTFAX4: 4> requires the 'imagecodecs' package")

    tifffile.imwrite(tmp_path / "fax.tif", np.eye(16, dtype="uint8"))
    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", without_codec)
    with pytest.raises(OSError, match=r"fax.tif: .*'imagecodecs'.*: pip install emstellar\[io\]"):
        read_masks(tmp_path / "fax.tif")


def test_stack_of_colour_images_of_imagej(tmp_path):
    colour = np.random.default_rng(0).integers(0, 255, (5, 8, 10, 3)).astype("uint8")
    tifffile.imwrite(tmp_path / "rgb.tif", colour, imagej=True)
    np.testing.assert_array_equal(read_images(tmp_path / "rgb.tif")[0], colour)


def test_thumbnails_are_no_images(tmp_path, noise):
    with tifffile.TiffWriter(tmp_path / "thumb.tif") as tif:
        tif.write(noise[0], metadata=None)
        tif.write(noise[0, ::2, ::2], subfiletype=1, metadata=None)
    images, names = read_images(tmp_path / "thumb.tif")
    np.testing.assert_array_equal(images, noise[:1])
    assert names == ["thumb"]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["s1.tif\nInfo: 8-bit", "a/b", "c"], ["s1.tif", "a_b", "c"]),
        (["s", "s", "t"], ["ij-0000", "ij-0001", "ij-0002"]),
    ],
)
def test_imagej_labels_become_usable_names(tmp_path, noise, labels, expected):
    metadata = {"axes": "ZYX", "Labels": labels}
    tifffile.imwrite(tmp_path / "ij.tif", noise, imagej=True, metadata=metadata)
    assert read_images(tmp_path / "ij.tif")[1] == expected


def test_each_file_of_an_ome_tiff_is_read_once(tmp_path, noise):
    plane = '<TiffData FirstZ="{0}" IFD="0"><UUID FileName="{1}">urn:uuid:{2}</UUID></TiffData>'
    ids = [f"0000000{i}-0000-0000-0000-000000000000" for i in range(3)]
    planes = "".join(plane.format(i, f"z{i}.ome.tif", ids[i]) for i in range(3))
    for i, image in enumerate(noise):
        text = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:{ids[i]}"><Image ID="Image:0"><Pixels ID="Pixels:0" '
            'DimensionOrder="XYZCT" Type="uint16" SizeX="10" SizeY="8" SizeZ="3" SizeC="1" '
            f'SizeT="1"><Channel ID="Channel:0:0"/>{planes}</Pixels></Image></OME>'
        )
        tifffile.imwrite(tmp_path / f"z{i}.ome.tif", image, description=text, metadata=None)
    images, names = read_images(tmp_path)
    np.testing.assert_array_equal(images, noise)
    assert names == ["z0.ome", "z1.ome", "z2.ome"]


@pytest.mark.parametrize("colours", [[0, 0, 0, 128, 0, 0], [255, 255, 255, 0, 0, 0]])
def test_masks_with_a_palette_are_its_indices(tmp_path, colours):
    labels = np.random.default_rng(0).integers(0, 2, (6, 7)).astype("uint8")
    picture = Image.frombytes("P", (7, 6), labels.tobytes())
    picture.putpalette(colours + [0] * (768 - len(colours)))
    picture.save(tmp_path / "voc.png")
    np.testing.assert_array_equal(read_masks(tmp_path / "voc.png")[0], labels[np.newaxis])


def test_odd_names_and_folders_do_not_stop_the_reading(tmp_path):
    for name in ("a²5", "1²3", "١٢", "s10", "s2"):
        Image.fromarray(np.zeros((4, 4), "uint8")).save(tmp_path / f"{name}.png")
    (tmp_path / "folder.tif").mkdir()
    assert read_images(tmp_path)[1] == ["1²3", "١٢", "a²5", "s2", "s10"]


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("yxc", (8, 10, 2), (1, 8, 10, 2)),
        ("yxc", (8, 10, 1), (1, 8, 10)),
        ("zyxc", (3, 8, 10, 2), (3, 8, 10, 2)),
        ("tzcyx", (2, 3, 1, 8, 10), (6, 8, 10)),
        ("xy", (10, 8), (1, 8, 10)),
    ],
)
def test_hdf5_with_the_axes_of_ilastik(tmp_path, axes, shape, expected):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "ilastik.h5", "w") as file:
        file["exported_data"] = np.arange(np.prod(shape), dtype="uint16").reshape(shape)
        tags = json.dumps({"axes": [{"key": axis} for axis in axes]})
        file["exported_data"].attrs["axistags"] = tags
    assert read_images(tmp_path / "ilastik.h5")[0].shape == expected


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_tiff_file_whose_directory_is_cut_off_is_named(tmp_path, noise, kept):
    # As a broken copy leaves it: the first directory, or that of a later page, is not there.
    path = tmp_path / "b.tif"
    with tifffile.TiffWriter(path) as tif:
        for _ in range(3):
            tif.write(noise[0], metadata=None)
    with tifffile.TiffFile(path) as tif:
        first = tif.pages.first.offset if kept == 0 else tif.pages[kept].offset
    (tmp_path / "a.tif").write_bytes(path.read_bytes())
    path.write_bytes(path.read_bytes()[:first])
    with pytest.raises(OSError, match=r"Could not read .*b\.tif"):
        read_images(tmp_path)


def test_a_tiff_file_without_any_directory_is_named(tmp_path, noise):
    data = b"II*\0" + struct.pack("<I", 8 + noise.nbytes) + noise.tobytes()
    (tmp_path / "b.tif").write_bytes(data)
    with pytest.raises(OSError, match=r"Could not read .*b\.tif.*directory is cut off"):
        read_images(tmp_path)
