"""Calls a second, each with a future of its own, in windows."""

import time

import pools


def run_window(pool, size):
    waits = [pool.submit(pools.square, n) for n in range(size)]
    for n, wait in enumerate(waits):
        if wait() != n * n:
            raise ValueError(f"square({n}) is wrong")


def rate(pool, calls, window, ms):
    begun = time.perf_counter()
    done = 0
    while done < calls and (time.perf_counter() - begun) * 1000 < ms:
        run_window(pool, window)
        done += window
    return done / (time.perf_counter() - begun)


if __name__ == "__main__":
    order = pools.order()
    pool = pools.open_pool(order["name"], order["workers"])
    run_window(pool, 10 * order["workers"])
    cold = rate(pool, order["calls"], order["window"], order["coldFor"])
    warm = rate(pool, 10**9, order["window"], order["warmFor"])
    pools.answer({"cold": cold, "warm": warm})
