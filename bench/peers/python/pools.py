"""CPython's pools behind the same few functions. Modules are imported when a pool is opened: `start` measures that."""

import json
import sys


def square(n):
    return n * n


def is_prime(n):
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return n > 1


class FuturesPool:
    def __init__(self, executor):
        self.executor = executor

    def submit(self, task, value):
        """Gives a function that waits for the result."""
        return self.executor.submit(task, value).result

    def map(self, task, values, chunk):
        # On threads the chunk size means nothing.
        return self.executor.map(task, values, chunksize=chunk)

    def collect(self, task, values):
        return list(self.executor.map(task, values))

    def close(self):
        self.executor.shutdown()


class MultiprocessingPool:
    def __init__(self, pool):
        self.pool = pool

    def submit(self, task, value):
        return self.pool.apply_async(task, (value,)).get

    def map(self, task, values, chunk):
        return self.pool.imap(task, values, chunksize=chunk)

    def collect(self, task, values):
        return self.pool.map_async(task, values).get()

    def close(self):
        self.pool.close()
        self.pool.join()


def open_pool(name, workers):
    if name == "CPython Pool":
        import multiprocessing

        return MultiprocessingPool(multiprocessing.Pool(workers))
    import concurrent.futures

    if name == "CPython ThreadPoolExecutor":
        return FuturesPool(concurrent.futures.ThreadPoolExecutor(workers))
    return FuturesPool(concurrent.futures.ProcessPoolExecutor(workers))


def order():
    """What this program is asked for: a JSON object as its argument."""
    return json.loads(sys.argv[1])


def answer(figures):
    print(json.dumps(figures))
