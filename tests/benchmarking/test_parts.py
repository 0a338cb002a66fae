"""The small parts: names, fingerprints, folds, maps, meters, progress, code."""

import io
import json
import time

import numpy as np
import pytest
from rich.console import Console
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emstellar import RandomForestSegmenter, UNetSegmenter, VotingSegmenter
from emstellar.benchmarking._data import check_data, make_splits
from emstellar.benchmarking._methods import name_segmenters, seeded_clone
from emstellar.benchmarking._processes.resources import Meter
from emstellar.benchmarking._progress import show_progress
from emstellar.benchmarking._record import Record
from emstellar.benchmarking._scoring import DEFAULT_SCORING, Scoring
from emstellar.benchmarking._store.record_files import StoredMaps
from emstellar.benchmarking.environment import describe_environment, diagnose
from emstellar.benchmarking.maps import decode_maps, encode_maps
from emstellar.files import write_atomically
from emstellar.fingerprints import fingerprint_arrays, identify

from .segmenters import NoisyThreshold


def test_automatic_names():
    assert list(name_segmenters(RandomForestSegmenter())) == ["RandomForest"]
    named = name_segmenters([RandomForestSegmenter(), NoisyThreshold(), NoisyThreshold(noise=1.0)])
    assert list(named) == ["RandomForest", "NoisyThreshold(noise=0.0)", "NoisyThreshold(noise=1.0)"]
    with pytest.raises(ValueError, match="must be unique"):
        name_segmenters([NoisyThreshold(), NoisyThreshold()])


def test_fingerprints_depend_on_class_and_parameters_but_not_on_how_it_is_run():
    forest = identify(RandomForestSegmenter(10))
    assert forest == identify(RandomForestSegmenter(10, n_jobs=2))
    assert forest != identify(RandomForestSegmenter(11))
    network = UNetSegmenter(width=0.5)
    elsewhere = UNetSegmenter(width=0.5, checkpoint="a", verbose=1)
    assert identify(network) == identify(elsewhere)
    members = [("a", NoisyThreshold()), ("b", RandomForestSegmenter(10))]
    voting = identify(VotingSegmenter(members))
    assert voting == identify(VotingSegmenter(list(members)))
    members[1] = ("b", RandomForestSegmenter(11))
    assert voting != identify(VotingSegmenter(members))


def test_fingerprints_of_arrays_see_values_types_shapes_and_order():
    a = np.arange(24).reshape(2, 3, 4)
    same = fingerprint_arrays(a)
    assert same == fingerprint_arrays(np.asfortranarray(a)) == fingerprint_arrays(list(a))
    others = [a.astype("int32"), a.reshape(2, 4, 3), a[::-1], a + 1, None]
    assert len({same, *map(fingerprint_arrays, others)}) == 6
    assert fingerprint_arrays(a, None) != fingerprint_arrays(None, a)


def test_seeds_reach_nested_segmenters_and_depend_on_repeat_and_fold():
    pipeline = make_pipeline(FunctionTransformer(), RandomForestSegmenter())
    seeds = {
        seeded_clone(pipeline, 0, r, f).get_params()["randomforestsegmenter__random_state"]
        for r in range(2)
        for f in range(3)
    }
    assert len(seeds) == 6
    assert seeded_clone(pipeline, None, 0, 0)[-1].random_state is None
    members = VotingSegmenter([("a", NoisyThreshold()), ("b", NoisyThreshold())])
    a, b = (s.random_state for _, s in seeded_clone(members, 0, 0, 0).estimators)
    assert a != b


@pytest.mark.parametrize("cv", [3, LeaveOneGroupOut(), GroupKFold(3)])
def test_folds_are_those_of_the_splitter(cv, data):
    checked = check_data(**{key: data[key] for key in ("X", "y", "groups", "X_test", "y_test")})
    splits = make_splits(cv, checked)
    assert len(splits) == 3
    for train, validation in splits:
        assert set(train) | set(validation) == set(range(9))


@pytest.mark.parametrize(
    ("dtype", "error"), [("float32", 0), ("float16", 2.0**-12), ("uint8", 0.5 / 255)]
)
def test_storage_keeps_the_side_of_one_half_and_is_near(dtype, error):
    rng = np.random.default_rng(0)
    # In float16, what is above one half by less than 2 ** -12 would be one half.
    near = np.array([0.5001, 0.5002, 0.50025, 0.49999, 0.5 + 2.0**-23, 0.5 - 2.0**-24])
    foreground = np.concatenate([rng.uniform(size=500), [0, 0.5, 1], near]).astype("float32")
    maps = np.stack([1 - foreground, foreground], axis=-1)[None, None]
    found = decode_maps(encode_maps(maps, dtype))
    np.testing.assert_array_equal(found[0, 0, :, 1] > 0.5, foreground > 0.5)
    np.testing.assert_array_equal(found.argmax(axis=-1), maps.argmax(axis=-1))
    # What is moved to the other side of a half is moved by one step at most.
    assert np.abs(found[0, 0, :, 1] - foreground).max() <= 2 * error + 1e-6


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_storage_keeps_the_most_probable_of_several_classes(dtype):
    rng = np.random.default_rng(0)
    maps = rng.dirichlet([1, 1, 1, 1], size=(1, 20, 20))
    # Near ties, in which the winner is not the first.
    maps[0, 0] = [0.2499, 0.2499, 0.2503, 0.2499]
    maps[0, 1] = [0.24999, 0.25, 0.25001, 0.25]
    maps = maps.astype("float32")
    found = decode_maps(encode_maps(maps, dtype))
    np.testing.assert_array_equal(found.argmax(axis=-1), maps.argmax(axis=-1))
    np.testing.assert_allclose(found, maps, atol=1.5 / 255)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_maps_come_back_as_they_were(n_classes):
    rng = np.random.default_rng(0)
    maps = rng.dirichlet(np.ones(n_classes), size=(2, 4, 5)).astype("float32")
    np.testing.assert_allclose(decode_maps(encode_maps(maps, "float32")), maps, atol=1e-7)
    ragged = decode_maps(encode_maps([maps[0], maps[1, :3]], "float16"))
    assert [image.shape for image in ragged] == [(4, 5, n_classes), (3, 5, n_classes)]


def test_the_meter_sees_time_and_memory():
    with Meter() as meter:
        block = np.ones(20_000_000)
        time.sleep(0.15)
        block.sum()
    assert meter.wall_time > 0.15
    assert 0 < meter.cpu_time < meter.wall_time + 5
    assert 100 < meter.extra_memory < meter.peak_memory


def test_records_survive_json():
    record = Record("a", 0, 1, pooled={"test": {"f1": np.float64(0.5), "auc": np.nan}})
    record.keep_maps("test", np.full((1, 2, 2, 2), 0.5), "uint8")
    back = Record.from_dict(json.loads(record.to_json()))
    assert back.key == record.key
    assert back.pooled["test"]["f1"] == 0.5
    assert np.isnan(back.pooled["test"]["auc"])
    assert back.maps == {}


def test_interrupted_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"new")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


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


def show(n_jobs, verbose=1, **options):
    output = io.StringIO()
    with show_progress(n_jobs, verbose, Console(file=output, width=60, **options)) as announce:
        for i in range(n_jobs):
            announce(f"job {i} [x]")
    return output.getvalue()


def test_progress_is_a_line_per_job_where_there_is_no_terminal():
    lines = show(2).splitlines()
    assert lines[0].startswith("[1/2] job 0 [x]; about ")
    assert lines[1] == "[2/2] job 1 [x]"


def test_progress_is_a_bar_on_a_terminal_and_nothing_when_silent():
    assert "2/2" in show(2, force_terminal=True)
    assert show(2, verbose=0) == ""
    assert show(0) == ""


def test_the_environment_names_versions():
    found = describe_environment()
    assert found["numpy"] == np.__version__
    assert "processors" in found["machine"]


def test_diagnosis_adds_devices_and_data_home(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSTELLAR_DATA", str(tmp_path))
    found = diagnose()
    assert found["data home"] == str(tmp_path)
    assert "cpu" in found["devices"].lower()


def test_scoring_leaves_out_what_is_known():
    scoring = Scoring(DEFAULT_SCORING)
    assert scoring.without(["f1", "v_rand"]).names == list(DEFAULT_SCORING[2:])
    assert scoring.without(DEFAULT_SCORING) is None


def test_grey_truth_reaches_v_rand_and_v_info_only():
    truth = np.zeros((1, 12, 12), dtype="float32")
    truth[0, 2:10, 2:5], truth[0, 2:10, 7:10] = 1, 0.3
    maps = np.stack([1 - truth, truth], axis=-1)
    pooled, _ = Scoring(["v_rand", "sensitivity"]).score(maps, None, truth, [0, 1])
    # At low thresholds both objects are in truth and prediction; at one half, the first alone.
    assert pooled == {"v_rand": 1.0, "sensitivity": 1.0}
