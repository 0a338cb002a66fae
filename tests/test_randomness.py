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


def test_a_thread_that_knows_nothing_of_it_takes_no_number_and_gets_its_own():
    random.seed(3)
    taken, inside, stop = [], threading.Event(), threading.Event()

    def draw_on():
        # The event loop of a Dask worker does so at any time.
        inside.wait()
        while not stop.is_set():
            taken.append(random.randint(1, 1000))

    other = threading.Thread(target=draw_on)
    other.start()
    with seeded_construction(0):
        inside.set()
        while not taken:
            pass
        found = [random.randint(1, 1000) for _ in range(5000)]
    stop.set()
    other.join()
    generator = random.Random(0)
    assert found == [generator.randint(1, 1000) for _ in range(5000)]
    generator = random.Random(3)
    assert taken == [generator.randint(1, 1000) for _ in taken]


def test_nested_blocks_and_the_functions_afterwards():
    functions = {name: getattr(random, name) for name in random.__all__}
    with seeded_construction(1):
        first = random.random()
        with seeded_construction(2):
            inner = random.random()
        second = random.random()
    generator = random.Random(1)
    assert [first, second] == [generator.random(), generator.random()]
    assert inner == random.Random(2).random()
    assert {name: getattr(random, name) for name in random.__all__} == functions


def test_seed_from_int_generator_and_none():
    assert seed_from(7) == 7
    generator = np.random.RandomState(0)
    assert seed_from(generator) != seed_from(generator)
    before = np.random.get_state()[1].copy()
    assert seed_from(None) != seed_from(None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
