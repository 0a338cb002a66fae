import random
import threading
import time

import numpy as np
import pytest

from emstellar.randomness import seed_from, seeded_construction


def test_the_callers_state_is_put_back_even_after_an_error():
    random.seed(5)
    expected = random.getstate()
    with pytest.raises(RuntimeError), seeded_construction(0):
        random.random()
        raise RuntimeError
    assert random.getstate() == expected


def test_threads_do_not_take_each_others_numbers():
    found = {}

    def draw(seed):
        with seeded_construction(seed):
            found[seed] = []
            for _ in range(10):
                found[seed].append(random.random())
                # Let another thread draw now, if anything does.
                time.sleep(0.001)

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, numbers in found.items():
        generator = random.Random(seed)
        assert numbers == [generator.random() for _ in range(10)]


def test_seed_from_int_generator_and_none():
    assert seed_from(7) == 7
    generator = np.random.RandomState(0)
    assert seed_from(generator) != seed_from(generator)
    before = np.random.get_state()[1].copy()
    assert seed_from(None) != seed_from(None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
