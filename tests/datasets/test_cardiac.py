from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emstellar.datasets import cardiac as module
from emstellar.datasets import fetch_cardiac


@pytest.fixture
def cardiac(real_data):
    return fetch_cardiac(subset="all", data_home=real_data, download_if_missing=False)


def test_shapes_and_fractions(cardiac):
    assert cardiac.data.shape == cardiac.target.shape == (24, 512, 512)
    assert cardiac.data.dtype == cardiac.target.dtype == np.uint8
    assert np.unique(cardiac.target).tolist() == [0, 1]
    test = cardiac.groups == 4
    assert cardiac.target[~test].mean() == pytest.approx(0.380, abs=5e-4)
    assert cardiac.target[test].mean() == pytest.approx(0.366, abs=5e-4)
    assert cardiac.groups.tolist() == np.repeat(np.arange(6), 4).tolist()


def test_grey_pixels(cardiac):
    grey = (cardiac.target_grey > 0) & (cardiac.target_grey < 255)
    assert grey.sum(axis=(1, 2)).nonzero()[0].tolist() == [17]
    assert grey.sum() == 26
    np.testing.assert_array_equal(cardiac.target, cardiac.target_grey > 127)


def test_every_mask_fits_its_own_image_best(cardiac):
    def features(stack):
        small = stack.reshape(24, 64, 8, 64, 8).mean(axis=(2, 4)).reshape(24, -1)
        return (small - small.mean(axis=1, keepdims=True)) / small.std(axis=1, keepdims=True)

    # Mitochondria are dark.
    correlation = features(255 - cardiac.data) @ features(cardiac.target).T / 64**2
    assert correlation.argmax(axis=1).tolist() == list(range(24))


def test_quadrants_fit_together(cardiac):
    for field in range(6):
        a, b, c, d = cardiac.target[4 * field : 4 * field + 4]
        seams = [(a[:, -1], b[:, 0]), (c[:, -1], d[:, 0]), (a[-1], c[0]), (b[-1], d[0])]
        agreement = np.mean([np.mean(one == other) for one, other in seams])
        wrong = np.mean([np.mean(a[:, -1] == c[:, 0]), np.mean(a[-1] == b[0])])
        assert agreement > 0.95
        assert agreement > wrong + 0.1


@pytest.mark.parametrize(
    ("subset", "fields"), [("train", {0, 1, 2, 3, 5}), ("test", {4}), ("all", set(range(6)))]
)
def test_subsets(cardiac, real_data, subset, fields):
    bunch = fetch_cardiac(subset=subset, data_home=real_data)
    assert set(bunch.groups.tolist()) == fields
    where = np.isin(cardiac.groups, list(fields))
    np.testing.assert_array_equal(bunch.data, cardiac.data[where])
    np.testing.assert_array_equal(bunch.target, cardiac.target[where])


def test_files_and_description(cardiac):
    assert cardiac.filenames[0] == "Zero/Training_source/A0000.tif"
    assert cardiac.target_filenames[0] == "Zero/Training_target/A0006.tif"
    assert cardiac.filenames[19] == "Zero/Test/D0004.tif"
    assert cardiac.target_filenames[19] == "Images/Groundtruth/Groundtruth0003.png"
    for word in ("10.1093/bioinformatics/btaa1094", "Licence: MIT", "github.com/CellSMB/EM-net"):
        assert word in cardiac.DESCR


def test_return_X_y(real_data, monkeypatch):
    monkeypatch.setenv("EMSTELLAR_DATA", str(real_data))
    X, y = fetch_cardiac(subset="test", return_X_y=True)
    assert X.shape == y.shape == (4, 512, 512)


def test_download(real_data, serve, tmp_path, monkeypatch):
    for name in ("EM_NET", "EM_STELLAR"):
        source = getattr(module, name)
        url, _ = serve(real_data / source.name)
        monkeypatch.setattr(module, name, replace(source, base_urls=(url,)))
    X, _ = fetch_cardiac(subset="test", data_home=tmp_path, return_X_y=True)
    expected, _ = fetch_cardiac(subset="test", data_home=real_data, return_X_y=True)
    np.testing.assert_array_equal(X, expected)
    fetched = {str(path.relative_to(tmp_path)) for path in Path(tmp_path).rglob("*.tif")}
    assert fetched == {f"em-net/Zero/Test/{quadrant}0004.tif" for quadrant in "ABCD"}


def test_wrong_subset():
    with pytest.raises(
        ValueError,
        match=r"The 'subset' parameter of fetch_cardiac must be one of \{'train', 'test', 'all'\}"
        r"\. Got 'validation' instead\.",
    ):
        fetch_cardiac(subset="validation")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(OSError, match=r"no file .*A0000\.tif, and `download_if_missing` is False"):
        fetch_cardiac(data_home=tmp_path, download_if_missing=False)
