"""One small call at a time, in microseconds."""

import time

import pools

if __name__ == "__main__":
    order = pools.order()
    pool = pools.open_pool(order["name"], order["workers"])
    end = time.perf_counter() + order["warmUp"] / 1000
    while time.perf_counter() < end:
        pool.submit(pools.square, 3)()
    times = []
    end = time.perf_counter() + order["ms"] / 1000
    while time.perf_counter() < end:
        begun = time.perf_counter_ns()
        pool.submit(pools.square, 3)()
        times.append((time.perf_counter_ns() - begun) / 1000)
    times.sort()
    pools.answer({"p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]})
