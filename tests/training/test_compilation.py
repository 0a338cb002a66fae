import keras
import pytest
from numpy.testing import assert_allclose

from emstellar import UNetSegmenter
from emstellar.training.compilation import adapt_batch_norm, use_jit
from tests.segmenters.small import bright_discs, small_segmenter

pytestmark = pytest.mark.backend
X, y = bright_discs()


def compiled_count(segmenter, monkeypatch):
    """Count how often the model is compiled from now on."""
    calls = []
    original = segmenter.model_.compile
    monkeypatch.setattr(
        segmenter.model_, "compile", lambda **options: (calls.append(1), original(**options))
    )
    return calls


def test_continued_training_compiles_once(monkeypatch):
    segmenter = small_segmenter().partial_fit(X, y)
    calls = compiled_count(segmenter, monkeypatch)
    segmenter.partial_fit(X, y).partial_fit(X, y)
    assert calls == []


def test_a_changed_parameter_takes_effect_and_the_optimiser_keeps_its_past(monkeypatch):
    segmenter = small_segmenter(epochs=2, warm_start=True).fit(X, y)
    calls = compiled_count(segmenter, monkeypatch)
    steps = int(segmenter.model_.optimizer.iterations)
    segmenter.set_params(learning_rate=1e-4).fit(X, y)
    assert calls == [1]
    assert_allclose(segmenter.history_["learning_rate"], [0.03, 0.03, 1e-4, 1e-4], rtol=1e-6)
    assert int(segmenter.model_.optimizer.iterations) == 2 * steps


def test_an_optimiser_given_is_not_shared():
    optimizer = keras.optimizers.Adam(0.01)
    first = small_segmenter(optimizer=optimizer, epochs=1).fit(X, y)
    second = small_segmenter(optimizer=optimizer, epochs=1).fit(X, y)
    assert not optimizer.built
    assert first.model_.optimizer is not second.model_.optimizer is not optimizer


def test_optimiser_variables_exist_before_the_first_step(monkeypatch):
    seen = []
    original = keras.Model.fit

    def fit(self, *args, **options):
        seen.append(self.optimizer.built)
        return original(self, *args, **options)

    monkeypatch.setattr(keras.Model, "fit", fit)
    small_segmenter(epochs=1).fit(X, y)
    assert seen == [True]


def test_jit_follows_the_backend():
    assert use_jit(True)
    assert not use_jit(False)
    on_processor = not any("gpu" in d.lower() for d in keras.distribution.list_devices())
    if on_processor:
        assert use_jit("auto") == (keras.config.backend() == "jax")


@pytest.mark.parametrize(
    ("steps", "expected"), [(10, 0.8), (200, 0.9), (2000, 0.99), (10**6, 0.99)]
)
def test_batch_normalisation_settles_within_the_training(steps, expected):
    model = UNetSegmenter(width=1 / 32).build_network((32, 32, 1), 1)
    adapt_batch_norm(model, steps)
    found = [x.momentum for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert len(found) > 10
    assert_allclose(found, expected)


def test_a_briefly_trained_network_predicts_as_it_was_trained():
    # Its running statistics are those of the images that it has seen.
    segmenter = UNetSegmenter(
        width=1 / 32,
        dropout=0.0,
        optimizer="adam",
        lr_schedule=None,
        learning_rate=0.01,
        epochs=30,
        steps_per_epoch=2,
        patch_size=16,
        random_state=0,
    ).fit(X, y)
    assert segmenter.score(X, y) > 0.7
