"""From before the import of the pool's module to the results of one call for each worker, in ms."""

import time

import pools

if __name__ == "__main__":
    order = pools.order()
    begun = time.perf_counter()
    pool = pools.open_pool(order["name"], order["workers"])
    waits = [pool.submit(pools.square, n) for n in range(order["workers"])]
    for wait in waits:
        wait()
    pools.answer({"": (time.perf_counter() - begun) * 1000})
    pool.close()
