import keras
import pytest
from numpy.testing import assert_allclose

from emstellar.training.compilation import use_jit
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
