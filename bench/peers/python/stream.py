"""Items a second through the pool's map, results taken one by one, and how much memory that takes at most."""

import itertools
import resource
import time

import pools

CHUNK = 1000


def used():
    """The largest resident set so far, in MiB; of this process only."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    order = pools.order()
    pool = pools.open_pool(order["name"], order["workers"])
    for _ in pool.map(pools.square, range(order["workers"]), 1):
        pass
    before = used()
    end = time.perf_counter() + order["ms"] / 1000
    items = itertools.takewhile(lambda n: n % CHUNK or time.perf_counter() < end, range(order["items"]))
    begun = time.perf_counter()
    count = 0
    for result in pool.map(pools.square, items, CHUNK):
        if result != count * count:
            raise ValueError(f"square({count}) is not {result}")
        count += 1
    taken = time.perf_counter() - begun
    memory = used() - before
    pools.answer({"streamed": count / taken, "memory": memory})
