"""Locks, queues and pipes of CPython, shared by two threads or two processes."""

import json
import multiprocessing
import queue
import sys
import threading
import time


def rate(count, work):
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def lock_once(lock, times):
    for _ in range(times):
        lock.acquire()
        lock.release()


def add_under_lock(lock, cell, times):
    for _ in range(times):
        with lock:
            cell[0] += 1


def put_all(items, count):
    for item in range(count):
        items.put(item)


def take_all(items, count):
    for _ in range(count):
        items.get()


def send_all(connection, count, size):
    message = b"\7" * size
    for _ in range(count):
        connection.send_bytes(message)


def receive_all(connection, count):
    for _ in range(count):
        connection.recv_bytes()


def both(start, first, second):
    """Starts both, and waits for them."""
    running = [start(target=target, args=args) for target, args in (first, second)]
    for each in running:
        each.start()
    for each in running:
        each.join()


def in_threads(order):
    lock = threading.Lock()
    times, count, messages = order["contended"], order["items"], order["messages"]
    cell = [0]
    adding = (add_under_lock, (lock, cell, times))
    figures = {
        "lock, alone": rate(order["alone"], lambda: lock_once(lock, order["alone"])),
        "lock, two threads": rate(2 * times, lambda: both(threading.Thread, adding, adding)),
    }
    if cell[0] != 2 * times:
        raise ValueError("wrong count")
    for name, size in (("queue", 0), ("queue, parked", 0), ("queue of 1000", order["bound"])):
        items = queue.Queue(size)
        figures[name] = rate(
            count, lambda: both(threading.Thread, (put_all, (items, count)), (take_all, (items, count)))
        )
    left, right = multiprocessing.Pipe()
    sending, receiving = (send_all, (left, messages, order["size"])), (receive_all, (right, messages))
    figures["pipe"] = rate(messages, lambda: both(threading.Thread, sending, receiving))
    return figures


def in_processes(order):
    count, messages = order["items"] // 10, order["messages"] // 10
    items = multiprocessing.Queue()
    putting, taking = (put_all, (items, count)), (take_all, (items, count))
    figures = {"queue": rate(count, lambda: both(multiprocessing.Process, putting, taking))}
    left, right = multiprocessing.Pipe()
    sending, receiving = (send_all, (left, messages, order["size"])), (receive_all, (right, messages))
    figures["pipe"] = rate(messages, lambda: both(multiprocessing.Process, sending, receiving))
    return figures


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    print(json.dumps(in_threads(order) if order["kind"] == "threads" else in_processes(order)))
