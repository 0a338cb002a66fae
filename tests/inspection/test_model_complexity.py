import keras
import numpy as np
import pytest

from emstellar import networks
from emstellar.inspection import complexity

# Network, its parameters, GFLOPs and GMACs at (1, 512, 512, n_frames): counted from the authors'
# own functions by another implementation.
PUBLISHED = [
    ("build_em_net", {"variant": "v1-bn"}, 112.256, 55.873),
    ("build_em_net", {"variant": "v1-bn-2x"}, 113.653, 56.494),
    ("build_em_net", {"variant": "v1-2x"}, 142.176, 70.821),
    ("build_em_net", {"variant": "v1-4x"}, 566.878, 282.906),
    ("build_em_net", {"variant": "v2"}, 161.230, 80.296),
    ("build_em_net", {"variant": "v2-2x"}, 299.679, 149.393),
    ("build_em_net", {"variant": "v2-4x"}, 372.690, 186.060),
    ("build_unet", {"batch_norm": False}, 437.038, 218.423),
    ("build_unet", {"batch_norm": True}, 437.358, 218.423),
    ("build_prelu_net", {}, 437.837, 218.423),
    ("build_vgg16", {}, 300.270, 149.972),
    ("build_resnet", {}, 17.907, 8.881),
    ("build_segnet", {}, 87.335, 43.570),
    ("build_cdeep3m", {"n_frames": 1}, 182.866, 91.245),
    ("build_cdeep3m", {"n_frames": 3}, 185.476, 92.548),
    ("build_cdeep3m", {"n_frames": 5}, 188.012, 93.812),
]
OURS = [
    ("build_resnet", {"variant": "resnet50"}),
    ("build_segnet", {"unpooling": "indices"}),
    ("build_efficientnet", {}),
]
NIGHTLY = [pytest.mark.slow, pytest.mark.nightly]
QUICK = ("build_vgg16", "build_segnet")
PROFILED = [
    pytest.param(name, parameters, marks=[] if name in QUICK else NIGHTLY)
    for name, parameters in [row[:2] for row in PUBLISHED] + OURS
]


class Unfitted:
    """What `complexity` needs of a segmenter."""

    def __init__(self, name, parameters):
        self.name = name
        self.parameters = parameters

    def build_network(self, input_shape, n_outputs):
        return getattr(networks, self.name)(input_shape, n_outputs, **self.parameters)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameters", "gflops", "gmacs"), PUBLISHED)
def test_operations_are_those_of_the_original(name, parameters, gflops, gmacs):
    n_channels = parameters.get("n_frames", 1)
    cost = complexity(Unfitted(name, parameters), (512, 512, n_channels))
    assert round(cost.flops / 1e9, 3) == gflops
    assert cost.macs / 1e9 == pytest.approx(gmacs, abs=1e-3)


def profile_flops(model, input_shape):
    """Count with TensorFlow's profiler, by the calls that the package keras-flops makes."""
    tf = pytest.importorskip("tensorflow")
    convert = pytest.importorskip("tensorflow.python.framework.convert_to_constants")
    function = tf.function(lambda images: model(images, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec((1, *input_shape)))
    frozen, _ = convert.convert_variables_to_constants_v2_as_graph(concrete)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), name="")
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        metadata = tf.compat.v1.RunMetadata()
        profiled = tf.compat.v1.profiler.profile(graph, metadata, cmd="op", options=options)
    return profiled.total_float_ops


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="needs the TensorFlow backend")
@pytest.mark.parametrize(("name", "parameters"), PROFILED)
def test_operations_are_those_of_the_tensorflow_profiler(name, parameters):
    input_shape = (64, 64, parameters.get("n_frames", 1))
    model = Unfitted(name, {"width": 0.5, **parameters}).build_network(input_shape, 1)
    expected = profile_flops(model, input_shape)
    assert complexity(model, input_shape).flops == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["build_unet", "build_resnet"])
def test_operations_are_near_those_of_jax(name):
    jax = pytest.importorskip("jax")
    if keras.backend.backend() != "jax":
        pytest.skip("needs the JAX backend")
    model = Unfitted(name, {"width": 0.25}).build_network((64, 64, 1), 1)

    def forward(trainable, non_trainable, images):
        return model.stateless_call(trainable, non_trainable, images, training=False)[0]

    trainable = [v.value for v in model.trainable_variables]
    non_trainable = [v.value for v in model.non_trainable_variables]
    images = np.zeros((1, 64, 64, 1), "float32")
    lowered = jax.jit(forward).lower(trainable, non_trainable, images)
    # XLA leaves out the products with padding, which weigh more the smaller the image.
    assert lowered.cost_analysis()["flops"] == pytest.approx(
        complexity(model, (64, 64, 1)).flops, rel=0.1
    )


def two_branches():
    inputs = keras.Input((None, None, 2))
    shared = keras.layers.Conv2D(2, 3, padding="same", name="shared")
    x = keras.layers.Add()([shared(inputs), shared(shared(inputs))])
    return keras.Model(inputs, keras.layers.MaxPooling2D()(x))


@pytest.mark.backend
def test_counted_by_hand():
    cost = complexity(two_branches(), (4, 6, 2))
    pixels = 4 * 6
    assert cost.macs == 3 * pixels * 2 * 9 * 2
    # Biases, one addition per element, four comparisons per pooled element.
    assert cost.flops == 2 * cost.macs + 3 * 2 * pixels + 2 * pixels + 4 * 2 * pixels / 4
    assert cost.trainable_parameters == 9 * 2 * 2 + 2
    assert cost.non_trainable_parameters == 0
    assert cost.activation_memory == 4 * (4 * 2 * pixels + 2 * pixels / 4)
    assert list(cost.layers.index[:2]) == ["shared", "shared"]
    assert cost.layers.output_shape.iloc[-1] == (2, 3, 2)


def test_nested_and_sequential_models_are_walked():
    inner = two_branches()
    outer = keras.Sequential([keras.Input((4, 6, 2)), inner, keras.layers.Dense(3)])
    cost = complexity(outer, (4, 6, 2))
    assert cost.macs == complexity(inner, (4, 6, 2)).macs + 6 * 2 * 3
    assert cost.trainable_parameters == 38 + 9


def test_a_network_is_left_as_it_was():
    model = networks.build_unet((None, None, 1), 1, width=1 / 32)
    before = [np.asarray(v).copy() for v in model.variables]
    complexity(model, (32, 32, 1))
    after = [np.asarray(v) for v in model.variables]
    assert all(map(np.array_equal, before, after))
    assert model.layers[1].output.shape == (None, None, None, 2)


@keras.saving.register_keras_serializable(package="emstellar_tests")
class Mystery(keras.layers.Layer):
    def call(self, inputs):
        return inputs


@keras.saving.register_keras_serializable(package="emstellar_tests")
class Outspoken(Mystery):
    def count_operations(self, input_shapes, output_elements):
        return 7, output_elements


def test_an_unknown_layer_is_named_and_never_counted_as_nothing():
    model = keras.Sequential([keras.Input((4, 4, 1)), Mystery(name="riddle")])
    with pytest.raises(ValueError, match="operations of layer 'riddle' of type Mystery are not"):
        complexity(model, (4, 4, 1))


def test_an_unknown_activation_is_named():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="softsign")])
    with pytest.raises(ValueError, match=r"activation 'softsign' of 'dense.*' are not known"):
        complexity(model, (4,))


def test_a_layer_may_speak_for_itself():
    model = keras.Sequential([keras.Input((4, 4, 1)), Outspoken()])
    assert complexity(model, (4, 4, 1)).flops == 14 + 16


def test_what_cannot_be_walked_is_refused():
    with pytest.raises(TypeError, match=r"functional or sequential keras\.Model.*got object"):
        complexity(object(), (4, 4, 1))
