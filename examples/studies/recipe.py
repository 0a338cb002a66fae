"""The recipe that the three studies share: plan within a budget, train by folds, keep everything.

Images are binned, since their noise, not their pixels, limits what can be seen; probability maps
are enlarged again and scored at full size. A network is trained once per fold and seed, and once
more on all training images. Nothing is chosen by test images, whose masks this module never sees.
"""

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import ndimage
from skimage.transform import downscale_local_mean
from sklearn.base import clone

from emstellar.files import write_atomically
from emstellar.fingerprints import identify

# In the order in which a growing budget takes them up: what learns quickly comes first.
ORDER = (
    "unet-bn",
    "vgg16",
    "emnet-v1-bn",
    "emnet-v1-2x",
    "prelu-net",
    "emnet-v2",
    "segnet",
    "resnet",
    "emnet-v1-bn-2x",
    "unet",
    "emnet-v2-2x",
    "cdeep3m",
    "emnet-v2-4x",
    "emnet-v1-4x",
)
MAX_SEEDS = 3
STEPS_PER_EPOCH = 20
# Of patches of 256 x 256 pixels; of smaller ones as many more.
ENOUGH_STEPS = 700
MOST_STEPS = 4000
# Of every study that says nothing else. On two cardiac fields left out, 1840 steps of such patches
# have F1 .003 and .013 above 460 steps of patches of 256 x 256 pixels.
TRAINING = {"patch_size": 128, "loss": "bce", "foreground_fraction": 0.0}
# Epochs from one scoring of the validation images to the next, where training is monitored.
MONITOR_EVERY = 3
# Of the budget; the rest is for tracing, predictions and scores.
TRAINING_SHARE = 0.7


@dataclass
class Data:
    """The images of a study at full size.

    Attributes
    ----------
    X, y : ndarray of shape (n_images, height, width)
        Training images and masks.
    splits : list of (train, validation)
        Positions of images; every image that is validated is so once.
    X_test : ndarray of shape (n_test_images, height, width), or None
    bins : int
        Pixels made one, per axis.
    refit : bool
        Whether the test images are predicted by networks of all training images too.
    cut : callable, or None
        Makes of maps of full size those that are scored.
    """

    X: np.ndarray
    y: np.ndarray
    splits: list
    X_test: Any = None
    bins: int = 1
    refit: bool = True
    cut: Any = None

    def small(self, images):
        """Return images of `bins` times fewer rows and columns."""
        return downscale_local_mean(images, (1, self.bins, self.bins)).astype("float32")

    def full(self, maps):
        """Return foreground maps to be scored for maps of all classes of small size."""
        options = {"order": 1, "grid_mode": True, "mode": "nearest"}
        full = np.stack([ndimage.zoom(p[..., -1], self.bins, **options) for p in maps])
        return full if self.cut is None else self.cut(full)

    @property
    def refits(self):
        """Whether there are fits to all training images."""
        return self.refit and self.X_test is not None


@dataclass
class Plan:
    """What is trained, decided before the first fit and kept with the results.

    Attributes
    ----------
    methods : list of str
        Names as in ``emstellar networks``.
    steps : int
        Training steps of each fit, in whole epochs of `STEPS_PER_EPOCH`.
    seeds : int
        Fits of each with another seed.
    seed : int
        From which all seeds are drawn.
    width, learning_rate : float
    patch_size, batch_size : int
        Patch in binned pixels.
    foreground_fraction : float
        Share of the patches around a pixel of the rarest class.
    loss, augmentation, precision : str
    backend : str
    """

    methods: list
    steps: int
    seeds: int
    seed: int
    width: float
    learning_rate: float
    patch_size: int
    batch_size: int
    foreground_fraction: float
    loss: str
    augmentation: str
    precision: str
    backend: str

    def make(self, names, **others):
        """Return unfitted segmenters by their names in tables: as planned, but for `others`."""
        from emstellar.studies import make_methods

        training = {
            "width": self.width,
            "head": "direct",
            "epochs": max(1, round(self.steps / STEPS_PER_EPOCH)),
            "steps_per_epoch": STEPS_PER_EPOCH,
            "batch_size": self.batch_size,
            "patch_size": self.patch_size,
            "foreground_fraction": self.foreground_fraction,
            "optimizer": "adam",
            "learning_rate": self.learning_rate,
            "loss": self.loss,
            "augmentation": self.augmentation,
            "precision": self.precision,
            "test_time_augmentation": "mirrors" if self.augmentation == "mirrors" else True,
        }
        return make_methods(names, **(training | others))


def parse(description, **defaults):
    """Return the options of a study's command, and choose the backend before Keras is loaded."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--store", default=defaults.pop("store"), help="folder that keeps what is finished")
    add("--out", default=defaults.pop("out"), help="folder of tables and pictures")
    add("--budget", type=float, default=60, help="minutes of training")
    add("--device", choices=["cpu", "gpu"], default="cpu", help="gpu takes the jax backend")
    add("--seed", type=int, default=0)
    add("--methods", nargs="+", metavar="NAME", help="instead of what the budget allows")
    add("--seeds", type=int, help="fits per fold, instead of what the budget allows")
    add("--steps", type=int, help="of each fit, instead of what the budget allows")
    add("--loss", help="a name of emstellar.losses, instead of the study's")
    add("--width", type=float, help="factor of filters; 0.25 on a processor, 1 on a GPU")
    add("--jobs", type=int, default=os.cpu_count(), help="fits at once; 1 on a GPU")
    options = parser.parse_args()
    for name, value in {**TRAINING, **defaults}.items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    if options.device == "gpu":
        os.environ["KERAS_BACKEND"] = "jax"
        options.jobs = 1
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return options


def make_plan(options, data):
    """Return the plan kept in the store, or make one that fits the budget and keep it."""
    path = Path(options.store) / "plan.json"
    if path.exists():
        print(f"Continuing by the plan in {path}.")
        return Plan(**json.loads(path.read_text()))
    plan = _fit_to_budget(options, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(plan), indent=1))
    return plan


def _fit_to_budget(options, data):
    import keras

    on_gpu = options.device == "gpu"
    width = options.width or (1.0 if on_gpu else 0.25)
    plan = Plan(
        methods=list(options.methods or ORDER[:1]),
        steps=0,
        seeds=options.seeds or 1,
        seed=options.seed,
        width=width,
        learning_rate=3e-3 if width <= 0.5 else 1e-3,
        patch_size=options.patch_size,
        batch_size=4,
        foreground_fraction=options.foreground_fraction,
        loss=options.loss,
        augmentation=options.augmentation,
        precision="auto",
        backend=keras.backend.backend(),
    )
    names = plan.methods if options.methods else list(ORDER)
    if options.steps:
        plan.steps = options.steps
        return plan
    seconds = 60 * options.budget * TRAINING_SHARE
    n_fits = len(data.splits) + data.refits
    enough, most = (n * (256 / plan.patch_size) ** 2 for n in (ENOUGH_STEPS, MOST_STEPS))
    costs = []

    def steps(n_methods, seeds):
        return seconds / (n_fits * seeds * sum(costs[:n_methods]) or 1)

    n = 0
    while n < len(names):
        costs.append(_seconds_per_step(plan, names[n], data))
        if n and not options.methods and steps(n + 1, plan.seeds) < enough:
            break
        n += 1
    if not options.seeds:
        affordable = [k for k in range(1, MAX_SEEDS + 1) if steps(n, k) >= enough]
        plan.seeds = max(affordable, default=1)
    # Whole epochs, so that the learning rate falls to its end.
    each = int(min(steps(n, plan.seeds), most) // STEPS_PER_EPOCH) * STEPS_PER_EPOCH
    plan.methods, plan.steps = names[:n], max(STEPS_PER_EPOCH, each)
    print(f"{n} networks, {plan.seeds} seeds, {n_fits} fits of {plan.steps} steps each.")
    return plan


def _seconds_per_step(plan, name, data):
    """Measure a network. Its operations would not tell: at small width overheads cost most."""
    (segmenter,) = plan.make([name], steps_per_epoch=4, epochs=2, random_state=0).values()
    if not hasattr(segmenter, "steps_per_epoch"):  # A forest, which takes no steps.
        return 0.0
    segmenter.fit(data.small(data.X[:2]), _majority(data.small(data.y[:2])))
    first, second = segmenter.history_["elapsed"]
    return (second - first) / 4


def train(options, data, plan, *, monitor=False):
    """Return the benchmark of the folds, and the test maps of the refits by method and seed.

    Where training is monitored by the validation images, for the time to the best epoch, the last
    epoch is kept nevertheless.
    """
    from emstellar import benchmark

    store = Path(options.store)
    X, y = data.small(data.X), _majority(data.small(data.y))
    X_test = None if data.X_test is None else data.small(data.X_test)
    others = {"checkpoint": str(store / "checkpoints")}
    if monitor:
        others |= {"validation_freq": MONITOR_EVERY, "restore_best": False, "patience": None}
    methods = plan.make(plan.methods, **others)
    folds = benchmark(
        methods,
        X,
        y,
        cv=data.splits,
        X_test=X_test,
        scoring=("f1", "jaccard", "v_rand"),
        ensembles=(),
        n_repeats=plan.seeds,
        monitor_folds=monitor,
        n_jobs=options.jobs,
        store=store / "folds",
        random_state=plan.seed,
    )
    if not data.refits:
        return folds, {}
    keys = [(method, seed) for method in methods for seed in range(plan.seeds)]
    maps = Parallel(n_jobs=options.jobs)(
        delayed(_refit)(clone(methods[method]), plan.seed, seed, X, y, X_test, store / "refits")
        for method, seed in keys
    )
    return folds, dict(zip(keys, maps, strict=True))


def _refit(segmenter, first_seed, seed, X, y, X_test, folder):
    """Return the test maps of a network of all training images; a finished one is not repeated."""
    (random_state,) = np.random.SeedSequence([first_seed, seed]).generate_state(1)
    segmenter.set_params(random_state=int(random_state))
    path = folder / f"{identify(segmenter).fingerprint}.npy"
    if not path.exists():
        start = time.perf_counter()
        maps = segmenter.fit(X, y).predict_proba(X_test)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: np.save(file, maps))
        seconds = time.perf_counter() - start
        print(f"all training images: {segmenter!r} in {seconds:.0f} s", flush=True)
    return np.load(path)


def _majority(shares):
    return (shares >= 0.5).astype("uint8")
