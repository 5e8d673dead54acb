"""The headline of the tutorials: 20 000 squares by map or by single calls, with the pool's start and end or without."""

import time

import pools


def run(pool, form, count):
    if form == "map":
        return pool.collect(pools.square, range(count))
    return [wait() for wait in [pool.submit(pools.square, n) for n in range(count)]]


if __name__ == "__main__":
    order = pools.order()
    begun = time.perf_counter()
    pool = pools.open_pool(order["name"], order["workers"])
    if not order["inAll"]:
        run(pool, "apply", order["workers"])
        begun = time.perf_counter()
    results = run(pool, order["form"], order["count"])
    if order["inAll"]:
        pool.close()
    pools.answer({"": (time.perf_counter() - begun) * 1000})
    if results[-1] != (order["count"] - 1) ** 2:
        raise ValueError("wrong results")
