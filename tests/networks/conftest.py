import keras
import pytest


@pytest.fixture
def without_weights():
    """Let layers be built without the memory and the time that their weights need."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    # Else Keras would make the weights after all when it leaves the next such scope.
    keras.utils.clear_session(free_memory=False)
