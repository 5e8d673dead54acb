"""Tasks, locks and queues of asyncio."""

import asyncio
import json
import resource
import sys
import time

AT_ONCE = 100


async def tiny(value):
    await asyncio.sleep(0)
    return value * value


async def run(count):
    await asyncio.gather(*(asyncio.create_task(tiny(at)) for at in range(count)))


async def gather(count):
    await asyncio.gather(*(tiny(at) for at in range(count)))


async def bounded(count):
    some = asyncio.Semaphore(AT_ONCE)

    async def one(at):
        async with some:
            return await tiny(at)

    await asyncio.gather(*(one(at) for at in range(count)))


async def alone(count):
    lock = asyncio.Lock()
    for _ in range(count):
        async with lock:
            pass


async def handover(count):
    lock = asyncio.Lock()

    async def once():
        async with lock:
            pass

    async with lock:
        others = [asyncio.create_task(once()) for _ in range(count)]
        await asyncio.sleep(0)
    await asyncio.gather(*others)


async def queue(count):
    items = asyncio.Queue(AT_ONCE)

    async def put():
        for item in range(count):
            await items.put(item)

    putting = asyncio.create_task(put())
    for _ in range(count):
        await items.get()
    await putting


PROGRAMS = {"run": run, "gather": gather, "bounded": bounded, "alone": alone, "handover": handover, "queue": queue}


async def passes(program, count, ms):
    begun = time.perf_counter()
    await program(count)
    warm_from = time.perf_counter()
    done = 0
    while done == 0 or time.perf_counter() - warm_from < ms / 1000:
        await program(count)
        done += count
    return {"cold": count / (warm_from - begun), "warm": done / (time.perf_counter() - warm_from)}


def resident():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def asleep(count):
    before = resident()
    begun = time.perf_counter()
    tasks = [asyncio.create_task(asyncio.sleep(30)) for _ in range(count)]
    await asyncio.sleep(0)
    taken = time.perf_counter() - begun
    grown = (resident() - before) / count
    print(json.dumps({"time": taken * 1e6 / count, "resident": grown}), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


order = json.loads(sys.argv[1])
if order["program"] == "sleep":
    asyncio.run(asleep(order["count"]))
else:
    program = PROGRAMS[order["program"]]
    print(json.dumps(asyncio.run(passes(program, int(order["count"]), order["ms"]))))
