"""How many times faster than one thread: the same calls one after another, before and after."""

import time

import pools


def seconds(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    order = pools.order()
    numbers = [order["prime"]] * order["calls"]
    pool = pools.open_pool(order["name"], order["workers"])
    for wait in [pool.submit(pools.is_prime, 7) for _ in range(order["workers"])]:
        wait()
    half = len(numbers) // 2
    alone = seconds(lambda: [pools.is_prime(n) for n in numbers[:half]])
    together = min(
        seconds(lambda: [wait() for wait in [pool.submit(pools.is_prime, n) for n in numbers]])
        for _ in range(order["times"])
    )
    alone += seconds(lambda: [pools.is_prime(n) for n in numbers[half:]])
    pools.answer({"": alone / together})
