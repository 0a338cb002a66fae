"""The guide's table of what is damaged and what happens, cell by cell."""

import errno
import os
import shutil
import sys
import tempfile
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest

import emstellar
from emstellar import BenchmarkResult, KerasSegmenter, RandomForestSegmenter, benchmark
from emstellar.benchmarking import score_folders
from emstellar.cli import main
from emstellar.datasets.download import fetch_files
from emstellar.io import write_images
from tests.conftest import running_eagerly
from tests.datasets.conftest import serve  # noqa: F401
from tests.datasets.test_download import NAME, TEXT, OneFile
from tests.segmenters.small import bright_discs

PAGE = Path(__file__).parents[1] / "docs" / "user_guide" / "damage.md"
COLUMNS = ("truncated", "empty", "flipped bits", "deleted", "other version", "other backend")
COLUMNS += ("other code", "two writers", "no space", "no permission")
_JOB = ("anew",) * 7 + ("never (a)", "warned", "refused")
TABLE = {
    "record: `jobs/*.json`": _JOB,
    "maps: `jobs/*.npz`": _JOB,
    "model: `jobs/*.joblib`, `.emstellar`": _JOB,
    "call: `benchmark-*.json`": ("anew",) * 4
    + ("never (b)",) * 3
    + ("never (a)", "refused", "refused"),
    "images: `data-*.npz`": ("anew",) * 4
    + ("never (c)",) * 3
    + ("never (a)", "refused", "refused"),
    "lock": ("never (d)",) * 10,
    "checkpoint": _JOB,
    "saved segmenter": ("refused",) * 4
    + ("warned", "never (e)", "warned", "never (a)", "refused", "refused"),
    "report folder": ("anew",) * 4 + ("never (f)",) * 3 + ("never (a)", "refused", "refused"),
    "data cache": ("anew",) * 5 + ("never (c)",) * 2 + ("never (a)", "refused", "refused"),
    "given maps": ("refused", "refused", "refused (g)", "refused")
    + ("never (c)",) * 3
    + ("refused", "never (h)", "refused"),
}
DAMAGES, OTHERS = COLUMNS[:4], COLUMNS[4:7]
X, Y = bright_discs(5, 16)
CHECKS = {}

pytestmark = pytest.mark.filterwarnings("ignore:The images are small")


def users_code(power=1, activation="relu"):
    """Return a feature function and a network, whose code can be edited."""
    names = {"np": np, "keras": keras, "__name__": "users_module"}
    exec(
        f"def bank(image): return np.dstack([image, image.astype(float) ** {power}])\n"
        "def network(shape, n):\n"
        "    inputs = keras.Input(shape)\n"
        f"    x = keras.layers.Conv2D(4, 3, padding='same', activation='{activation}')(inputs)\n"
        "    return keras.Model(inputs, keras.layers.Conv2D(n, 1, activation='sigmoid')(x))\n",
        names,
    )
    return names["bank"], names["network"]


BANK, NETWORK = users_code()


def make_net(network=NETWORK, **parameters):
    parameters = {"epochs": 2, "batch_size": 2, "random_state": 0} | parameters
    return KerasSegmenter(network, size_multiple=1, jit_compile=False, **parameters)


def make_forest(bank=BANK):
    # Where joblib looks for the function, as if it stood in a file that is edited.
    sys.modules["users_module"] = SimpleNamespace(bank=bank)
    return RandomForestSegmenter(2, features=bank, max_samples=100)


def run(store, methods=None, **options):
    methods = {"forest": make_forest()} if methods is None else methods
    options = {"keep_models": True, "scoring": "f1", "random_state": 0, "verbose": 0} | options
    split = [([0, 1], [2, 3])]
    test = {"X_test": X[4:], "y_test": Y[4:]}
    return benchmark(methods, X[:4], Y[:4], cv=split, **test, store=store, **options)


class Stop(keras.callbacks.Callback):
    """Interrupts a fit after its first epoch, if there is no file "go"."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1 and not Stop.go:
            raise KeyboardInterrupt

    go = True


@pytest.fixture(scope="module", autouse=True)
def step_by_step():
    """Networks of a hundred weights are trained sooner than they are traced."""
    with running_eagerly():
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One of each kind of file, made once, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    result = run(folder / "store", {"forest": make_forest(), "net": make_net()})
    net = make_net(checkpoint=str(folder / "checkpoint"), callbacks=[Stop()])
    Stop.go = False
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y)
    Stop.go = True
    fitted = net.fit(X, Y)
    assert fitted.earlier_pieces_
    fitted.set_params(checkpoint=None, callbacks=None).save(folder / "net.emstellar")
    maps = fitted.predict_proba(X)[..., 1]
    net = make_net(checkpoint=str(folder / "checkpoint"), callbacks=[Stop()])
    Stop.go = False
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y)
    Stop.go = True
    names = [f"image{i}" for i in range(len(X))]
    write_images(folder / "truth", Y * 255, names)
    write_images(folder / "maps" / "net", (maps * 255).astype("uint8"), names, suffix=".png")
    return SimpleNamespace(folder=folder, result=result, maps=maps)


@pytest.fixture
def place(made, tmp_path, monkeypatch, request):
    """A copy of all, and what the tests of cells need."""
    shutil.copytree(made.folder, tmp_path, dirs_exist_ok=True)
    return SimpleNamespace(
        folder=tmp_path, made=made, monkeypatch=monkeypatch, fixture=request.getfixturevalue
    )


def check(row, *columns):
    def register(function):
        CHECKS.update({(row, column): function for column in columns})
        return function

    return register


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", TABLE)
def test_cell(row, column, place):
    if column == "no permission" and sys.platform == "win32":
        pytest.skip("has no modes of POSIX")
    kind = row.partition(":")[0]
    found = CHECKS[kind, column](place, kind, column)
    assert found == TABLE[row][COLUMNS.index(column)].partition(" ")[0]


def test_the_guide_has_this_table():
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [f"| {row} | {' | '.join(cells)} |" for row, cells in TABLE.items()]
    assert "\n".join(lines) in PAGE.read_text()
    for reason in "abcdefgh":
        assert f"\n- ({reason}) " in PAGE.read_text()


def damage(path, column):
    content = path.read_bytes()
    if column == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif column == "empty":
        path.write_bytes(b"")
    elif column == "flipped bits":
        flip(path, len(content) // 2)
    else:
        path.unlink()


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def outcome(call, name):
    """Return what a call did, and what it returned: nobody may be left to guess which file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except (ValueError, OSError) as error:
            return ("refused" if name in str(error) else f"raised {error!r}"), None
    told = any(name in str(warning.message) for warning in caught)
    return ("warned" if told else "silent"), result


def change(place, column):
    """Let versions, backend or code be others, and return what the user's code then is."""
    if column == "other version":
        place.monkeypatch.setattr(emstellar, "__version__", "0.0.1")
    elif column == "other backend":
        of_keras = {"keras": keras.__version__, "backend": "none 1.0"}
        place.monkeypatch.setattr("emstellar.fingerprints.libraries._backend", lambda: of_keras)
    return users_code(2, "tanh") if column == "other code" else (BANK, NETWORK)


@contextmanager
def full_disk(place, pattern):
    """Refuse every file whose name is of a pattern."""

    def replace(source, target):
        if Path(target).match(pattern):
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return original(source, target)

    original = os.replace
    with place.monkeypatch.context() as context:
        context.setattr(os, "replace", replace)
        yield


@contextmanager
def without_rights(*, to_read=None, to_write=None):
    """Give a folder, made by a function, in which rights are missing; root becomes nobody."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = (to_read or to_write)(folder)
        folder.chmod(0o555)
        path.chmod(0o000 if to_read else 0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        yield path
    finally:
        os.seteuid(os.getuid())
        path.chmod(0o755)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def same_scores(result, expected, methods=("forest",)):
    found, expected = (
        r.fold_scores[r.fold_scores["method"].isin(methods)].reset_index(drop=True)
        for r in (result, expected)
    )
    pd.testing.assert_frame_equal(found, expected)


STORED = {
    "record": "jobs/forest-*.json",
    "maps": "jobs/forest-*.npz",
    "model": "jobs/forest-*.joblib",
    "call": "benchmark-*.json",
    "images": "data-*.npz",
}


def is_whole(store, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = BenchmarkResult.load(store)
    assert not loaded.missing
    assert not loaded.damage
    same_scores(loaded, expected)
    assert loaded.model("forest").n_estimators == 2


def damaged_store(place, kind, column):
    store, expected = place.folder / "store", place.made.result
    (path,) = store.glob(STORED[kind])
    damage(path, column)
    told, loaded = outcome(lambda: BenchmarkResult.load(store), str(store))
    if column != "deleted":
        assert told in ("warned", "refused")
    if loaded is not None and kind != "model":
        assert loaded.missing == [("forest", 0, 0)]
    methods = {"forest": make_forest(), "net": make_net()}
    told, result = outcome(lambda: run(store, methods), path.name)
    assert told == (
        "silent" if column == "deleted" and kind in ("record", "call", "images") else "warned"
    )
    same_scores(result, expected, expected.methods)
    is_whole(store, expected)
    return "anew"


def changed_job(place, kind, column):
    store, of_net = place.folder / "store", column == "other backend"
    before = set((store / "jobs").iterdir())
    bank, network = change(place, column)
    method = {"net": make_net(network)} if of_net else {"forest": make_forest(bank)}
    told, result = outcome(lambda: run(store, method), str(store))
    assert told == "warned"
    suffix = {"record": ".json", "maps": ".npz", "model": ".emstellar" if of_net else ".joblib"}
    new = [path.suffix for path in set((store / "jobs").iterdir()) - before]
    assert new.count(suffix[kind]) >= 1
    same_scores(result, run(place.folder / "fresh", method), method)
    return "anew"


def unchanged_by_code(place, kind, column):
    """Versions and code are no matter of this file: it stays, and what is new stands beside it."""
    store = place.folder / "store"
    before = {path: path.read_bytes() for path in store.glob(STORED[kind])}
    bank, _ = change(place, column)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(store, {"forest": make_forest(bank)})
    assert before == {path: path.read_bytes() for path in before}
    assert len(list(store.glob(STORED[kind]))) == (2 if kind == "call" else 1)
    return "never"


def two_writers_of_a_store(place, kind, column):
    store = place.folder / "new"
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(run, [store, store]))
    for result in results:
        same_scores(result, place.made.result)
    is_whole(store, place.made.result)
    return "never"


def full_store(place, kind, column):
    store = place.folder / "new"
    with full_disk(place, STORED[kind]):
        found, result = outcome(lambda: run(store), str(store))
    if found == "warned":
        same_scores(result, place.made.result)
    same_scores(run(store), place.made.result)
    is_whole(store, place.made.result)
    return found


def full_store_before(place, kind, column):
    store = place.folder / "new"
    with full_disk(place, STORED[kind]):
        found, _ = outcome(lambda: run(store), str(store))
    assert not (store / "jobs").exists()
    return found


def forbidden_store(place, kind, column):
    with without_rights(to_write=lambda folder: folder) as folder:
        found, _ = outcome(lambda: run(folder / "store"), str(folder))
    return found


for _kind in ("record", "maps", "model", "call", "images"):
    check(_kind, *DAMAGES)(damaged_store)
    check(_kind, *OTHERS)(unchanged_by_code if _kind in ("call", "images") else changed_job)
    check(_kind, "two writers")(two_writers_of_a_store)
    check(_kind, "no space")(full_store_before if _kind in ("call", "images") else full_store)
    check(_kind, "no permission")(forbidden_store)


@check("lock", *COLUMNS)
def no_lock(place, kind, column):
    kinds = {(path.parent.name, path.suffix) for path in (place.folder / "store").rglob("*.*")}
    assert kinds == {("store", ".json"), ("store", ".npz")} | {
        ("jobs", suffix) for suffix in (".json", ".npz", ".joblib", ".emstellar")
    }
    return "never"


def fit(place, network=None, folder="checkpoint"):
    net = make_net(network or NETWORK, callbacks=[Stop()])
    return net.set_params(checkpoint=str(place.folder / folder)).fit(X, Y)


@check("checkpoint", *DAMAGES, *OTHERS)
def damaged_checkpoint(place, kind, column):
    (path,) = (place.folder / "checkpoint").iterdir()
    network = change(place, column)[1]
    if column in DAMAGES:
        damage(path, column)
    told, fitted = outcome(lambda: fit(place, network), str(path.parent))
    assert told == ("silent" if column == "deleted" else "warned")
    assert len(fitted.history_["loss"]) == 2
    return "resumed" if fitted.earlier_pieces_ else "anew"


@check("checkpoint", "two writers")
def two_writers_of_a_checkpoint(place, kind, column):
    # One fit ends while another, which shares its file, is between two epochs.
    seen = []

    class Meanwhile(Stop):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1 and not seen:
                seen.append(fit(place, folder="new"))

    Meanwhile.__qualname__, Meanwhile.__module__ = Stop.__qualname__, Stop.__module__
    net = make_net(callbacks=[Meanwhile()], checkpoint=str(place.folder / "new")).fit(X, Y)
    for fitted in (net, seen[0]):
        np.testing.assert_allclose(fitted.predict_proba(X)[..., 1], place.made.maps, atol=1e-6)
    return "never"


@check("checkpoint", "no space")
def full_checkpoint(place, kind, column):
    with full_disk(place, "*.checkpoint"):
        found, fitted = outcome(lambda: fit(place, folder="new"), "new")
    assert len(fitted.history_["loss"]) == 2
    return found


@check("checkpoint", "no permission")
def forbidden_checkpoint(place, kind, column):
    with without_rights(to_write=lambda folder: folder) as folder:
        return outcome(lambda: fit(place, folder=folder), str(folder))[0]


def load(path, network=None):
    return emstellar.load(path, network=network or NETWORK)


@check("saved segmenter", *DAMAGES)
def damaged_segmenter(place, kind, column):
    path = place.folder / "net.emstellar"
    damage(path, column)
    return outcome(lambda: load(path), path.name)[0]


@check("saved segmenter", *OTHERS)
def segmenter_of_others(place, kind, column):
    path = place.folder / "net.emstellar"
    if column == "other backend":
        # As if this one were that of the file.
        content = path.read_bytes()
        name = keras.config.backend().encode()
        assert name in content
    found, net = outcome(lambda: load(path, change(place, column)[1]), path.name)
    if column != "other code":
        np.testing.assert_array_equal(net.predict_proba(X)[..., 1], place.made.maps)
    return {"silent": "never"}.get(found, found)


@check("saved segmenter", "two writers")
def two_writers_of_a_segmenter(place, kind, column):
    path = place.folder / "net.emstellar"
    net, stop, n_read = load(path), threading.Event(), 0

    def save():
        while not stop.is_set():
            net.save(path)

    with ThreadPoolExecutor(2) as threads:
        futures = [threads.submit(save) for _ in range(2)]
        for _ in range(5):
            load(path)
            n_read += 1
        stop.set()
    assert not any(future.exception() for future in futures)
    return "never"


@check("saved segmenter", "no space")
def full_segmenter(place, kind, column):
    path = place.folder / "net.emstellar"
    net, before = load(path), path.read_bytes()
    with full_disk(place, "*.emstellar"):
        found, _ = outcome(lambda: net.save(path), path.name)
    assert path.read_bytes() == before
    return found


@check("saved segmenter", "no permission")
def forbidden_segmenter(place, kind, column):
    path = place.folder / "net.emstellar"
    with without_rights(to_read=lambda folder: Path(shutil.copy(path, folder))) as file:
        return outcome(lambda: load(file), file.name)[0]


@pytest.fixture(scope="module")
def reported(made, tmp_path_factory):
    """A report of a damaged store, written over damaged files."""
    folder = tmp_path_factory.mktemp("reported")
    store, out = folder / "store", folder / "out"
    shutil.copytree(made.folder / "store", store)
    names = ("tables/scores.csv", "tables/fold_scores.csv", "tables/resources.csv", "report.html")
    files = dict(zip(DAMAGES, [out / name for name in names], strict=True))
    (out / "tables").mkdir(parents=True)
    for column, path in files.items():
        path.write_text(COLUMNS[0] * 5)
        damage(path, column)
    (record,) = store.glob(STORED["record"])
    damage(record, "truncated")
    said = []
    with pytest.MonkeyPatch.context() as context:
        context.setattr("emstellar.cli._complain", said.append)
        with pytest.warns(UserWarning, match="left out"):
            code = main(["report", str(store), "--out", str(out)])
    return SimpleNamespace(files=files, code=code, said=said, record=record)


def test_a_report_of_a_damaged_store_says_what_is_left_out(reported):
    assert reported.code == 1
    (sentence,) = reported.said
    assert reported.record.name in sentence
    assert "same call of benchmark on this store computes anew what is missing" in sentence
    assert "Left out because damaged" in reported.files["deleted"].read_text(encoding="utf-8")


def test_a_report_of_nothing_readable_is_refused(place, capsys):
    store = place.folder / "store"
    for path in store.glob("jobs/*.json"):
        damage(path, "truncated")
    with pytest.warns(UserWarning, match="left out"):
        code = main(["report", str(store), "--out", str(place.folder / "out")])
    assert code == 1
    assert "no job of" in capsys.readouterr().err
    assert not (place.folder / "out").exists()


@check("report folder", *DAMAGES)
def damaged_report(place, kind, column):
    path = place.fixture("reported").files[column]
    return "anew" if b"forest" in path.read_bytes() or b"net" in path.read_bytes() else "old"


@check("report folder", *OTHERS)
def report_of_others(place, kind, column):
    out = place.folder / "store" / "report.html"
    out.write_text("a report of something else")
    change(place, column)
    is_whole(place.folder / "store", place.made.result)
    return "never"


@check("report folder", "two writers")
def two_writers_of_a_report(place, kind, column):
    with ThreadPoolExecutor(2) as threads:
        a, b = threads.map(place.made.result.to_csv, [place.folder / "tables"] * 2)
    assert a == b
    assert not list((place.folder / "tables").glob(".*"))
    (scores,) = (path for path in a if path.stem == "scores")
    assert len(pd.read_csv(scores)) == len(place.made.result.scores)
    return "never"


@check("report folder", "no space")
def full_report(place, kind, column):
    store, out = place.folder / "store", place.folder / "out"
    said = []
    place.monkeypatch.setattr("emstellar.cli._complain", said.append)
    with full_disk(place, "*.csv"):
        code = main(["report", str(store), "--out", str(out)])
    assert code == 1
    assert "No space left" in said[0]
    assert str(out) in said[0]
    return "refused"


@check("report folder", "no permission")
def forbidden_report(place, kind, column):
    said = []
    place.monkeypatch.setattr("emstellar.cli._complain", said.append)
    store = place.folder / "store"
    with without_rights(to_write=lambda folder: folder) as folder:
        place.monkeypatch.setattr(BenchmarkResult, "load", lambda _: place.made.result)
        code = main(["report", str(store), "--out", str(folder / "out")])
    assert code == 1
    assert "Nothing can be written to" in said[0]
    return "refused"


@check("data cache", *DAMAGES, "other version", "two writers", "no space", "no permission")
def damaged_cache(place, kind, column):
    (place.folder / "remote/some folder").mkdir(parents=True)
    (place.folder / "remote" / NAME).write_bytes(TEXT)
    source = OneFile("em", (place.fixture("serve")(place.folder / "remote")[0],))
    path = place.folder / "home/em" / NAME
    fetch = partial(fetch_files, source, [NAME])
    if column == "no permission":
        with without_rights(to_write=lambda folder: folder) as folder:
            return outcome(lambda: fetch(data_home=folder), "EMSTELLAR_DATA")[0]
    if column == "no space":
        place.monkeypatch.setattr("pooch.core.shutil.move", partial(_no_space, path), raising=False)
        return outcome(lambda: fetch(data_home=place.folder / "home"), "EMSTELLAR_DATA")[0]
    fetch(data_home=place.folder / "home")
    if column in DAMAGES:
        damage(path, column)
    elif column == "other version":
        path.write_bytes(b"forty-three mitochondria")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: fetch(data_home=place.folder / "home"), range(2)))
    assert path.read_bytes() == TEXT
    return "never" if column == "two writers" else "anew"


def _no_space(path, *args, **options):
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


@check("data cache", "other backend", "other code")
@check("given maps", *OTHERS)
def pixels_know_no_code(place, kind, column):
    change(place, column)
    result = score(place)
    assert result.methods == ["net"]
    return "never"


def score(place, folder="maps"):
    return score_folders(place.folder / folder, place.folder / "truth", scoring=["f1"], verbose=0)


@check("given maps", *DAMAGES, "two writers")
def damaged_maps(place, kind, column):
    path = place.folder / "maps/net/image2.png"
    # Another program that is writing the file has written half of it.
    damage(path, "truncated" if column == "two writers" else column)
    return outcome(lambda: score(place), "image2")[0]


@check("given maps", "no space")
def maps_are_only_read(place, kind, column):
    with full_disk(place, "*"):
        score(place)
    return "never"


@check("given maps", "no permission")
def forbidden_maps(place, kind, column):
    path = place.folder / "maps/net/image2.png"

    def copy(folder):
        shutil.copytree(path.parent, folder / "net")
        return folder / "net" / path.name

    with without_rights(to_read=copy) as file:
        # The copy of the truth lies where nobody may look.
        place.monkeypatch.setattr(
            "emstellar.benchmarking._folders.scored_folders.read_masks",
            lambda _: (Y * 255, [f"image{i}" for i in range(len(X))]),
        )
        return outcome(lambda: score(place, file.parents[1]), file.name)[0]
