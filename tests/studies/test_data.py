"""Ready-made studies: which images on which side, which methods under which name."""

import os
import warnings

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from emstellar import RandomForestSegmenter
from emstellar.io import write_images
from emstellar.model_selection import leakage_report
from emstellar.studies import (
    demo_methods,
    load_study,
    make_methods,
    make_synthetic_study,
    method_names,
)

needs_data = pytest.mark.skipif(
    not os.environ.get("EMSTELLAR_DATA"), reason="needs the data sets in EMSTELLAR_DATA"
)


def test_synthetic_groups_stay_on_one_side():
    study = make_synthetic_study(n_groups=6, shape=(32, 32), random_state=0)
    assert study.X.shape == (16, 32, 32)
    assert study.X_test.shape == (8, 32, 32)
    folds = list(study.cv.split(study.X, groups=study.groups))
    assert len(folds) == 2
    for train, validation in folds:
        assert not set(study.groups[train]) & set(study.groups[validation])


def test_a_number_of_folds():
    study = load_study("synthetic", n_folds=1, random_state=0)
    ((train, validation),) = study.cv
    assert len(train) + len(validation) == len(study.X)


@needs_data
def test_cardiac_leaves_one_field_out_and_tests_on_field_4():
    study = load_study("cardiac")
    assert isinstance(study.cv, LeaveOneGroupOut)
    assert sorted(set(study.groups)) == [0, 1, 2, 3, 5]
    assert study.X.shape == (20, 512, 512)
    assert study.X_test.shape == study.y_test.shape == (4, 512, 512)
    assert "licence" in study.description.lower()


@needs_data
@pytest.mark.parametrize("name", ["isbi2012", "neuronal"])
def test_serial_sections_are_held_out_in_blocks_without_their_neighbours(name):
    study = load_study(name)
    # It would warn of test sections that are next to, or like, training sections.
    with warnings.catch_warnings(action="error"):
        report = leakage_report(study.X, study.y, cv=study.cv)
    assert (report[["n_neighbours", "n_alike"]] == 0).all(axis=None)


@pytest.fixture
def folder(tmp_path):
    names = ["f1_a", "f1_b", "f2_a", "f2_b", "g3_a"]
    images = np.arange(5 * 16).reshape(5, 4, 4).astype("uint8")
    write_images(tmp_path / "images", images, names, suffix=".png")
    write_images(tmp_path / "masks", images % 2, names, suffix=".png")
    return tmp_path


def test_a_folder_without_groups(folder):
    study = load_study(folder)
    assert isinstance(study.cv, KFold)
    assert study.groups is None
    assert study.X_test is None
    np.testing.assert_array_equal(study.y, study.X % 2)


@pytest.mark.parametrize("pattern", [r"^\w\d", r"^(\w\d)_"])
def test_a_folder_with_groups_and_a_test_group(folder, pattern):
    study = load_study(folder, groups=pattern, test_groups=["g3"])
    assert study.groups.tolist() == ["f1", "f1", "f2", "f2"]
    assert isinstance(study.cv, LeaveOneGroupOut)
    assert len(study.X_test) == 1
    assert study.title == folder.name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": "x"}, "The pattern 'x' of the groups finds nothing in 'f1_a'"),
        ({"test_groups": ["g3"]}, "test_groups needs groups"),
        ({"groups": r"^\w\d", "test_groups": ["h"]}, r"No images of test groups \['h'\]"),
    ],
)
def test_wrong_groups_are_named(folder, options, message):
    with pytest.raises(ValueError, match=message):
        load_study(folder, **options)


def test_groups_are_refused_where_a_data_set_has_its_own():
    with pytest.raises(ValueError, match="'synthetic' has its own"):
        load_study("synthetic", groups="x")


def test_a_splitter_of_ones_own_takes_the_place_of_the_data_set_s(folder):
    study = load_study(folder, groups=r"^\w\d", cv="2")
    assert isinstance(study.cv, GroupKFold)
    assert study.cv.n_splits == 2
    assert load_study(folder, cv="blocks:4", n_folds=1).cv == [([2, 3, 4], [0])]


def test_every_name_makes_a_segmenter_of_the_width_and_training_asked():
    methods = make_methods(method_names(), width=0.25, n_estimators=7, epochs=3)
    assert len(methods) == len(method_names())
    forests = [s for s in methods.values() if isinstance(s, RandomForestSegmenter)]
    assert [forest.features for forest in forests] == ["multiscale", "ilastik", "weka"]
    assert {forest.n_estimators for forest in forests} == {7}
    methods = {name: s for name, s in methods.items() if s not in forests}
    assert {segmenter.width for segmenter in methods.values()} == {0.25}
    assert {segmenter.epochs for segmenter in methods.values()} == {3}
    assert methods["EM-net V2 4X"].variant == "v2-4x"
    with pytest.raises(ValueError, match=r"Unknown methods \['unett'\]; choose among"):
        make_methods(["unett"])


def test_the_demo_has_three_networks_and_a_forest():
    methods = demo_methods()
    assert len(methods) == 4
    assert sum(hasattr(segmenter, "epochs") for segmenter in methods.values()) == 3


def test_the_head_reaches_the_networks_that_have_the_choice():
    methods = make_methods(["unet", "segnet", "resnet", "forest"], head="direct")
    assert {n: getattr(m, "head", None) for n, m in methods.items()} == {
        "U-Net": "direct",
        "SegNet": "direct",
        "ResNet": None,
        "Random forest": None,
    }
