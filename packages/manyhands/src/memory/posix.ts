/** Named memory of the operating system that several processes map, by POSIX calls through koffi.
 *
 *  Guarantees: what is given to JavaScript never points to memory that is gone. A view that is used after its mapping was
 *  released sees zeros and writes to nobody; the addresses are given back when the last view has been collected. (To
 *  unmap at once would make the next access through a forgotten view end the program.) On Linux memory is reserved when
 *  it is created: where there is too little, creating fails, and not some later access, with SIGBUS.
 *
 *  Koffi is an optional dependency, and loaded with the first use: that takes some 15 ms. */
import { constants as fsConstants, fstatSync } from "node:fs";
import { createRequire } from "node:module";
import { constants as osConstants } from "node:os";
import { isMainThread } from "node:worker_threads";
import {
  SegmentError,
  SegmentExistsError,
  SegmentNotFoundError,
  SharedMemoryUnavailableError,
} from "./segment-errors.js";

/** A segment in this thread's address space. */
export interface Mapping {
  readonly buffer: ArrayBuffer;
  readonly size: number;
  /** Tells the segment from a later one of the same name. */
  readonly identity: string;
  /** Lets go of the segment. Idempotent.
   *  @throws SegmentError when the system refuses; the segment is still mapped then, and can be let go of later. */
  release(): void;
}

/** The calls used, as the C library has them. A pointer is a bigint. */
interface Calls {
  shm_open(name: string, flags: number, mode: number): number;
  shm_unlink(name: string): number;
  ftruncate(fd: number, length: number): number;
  posix_fallocate?(fd: number, offset: number, length: number): number;
  mmap(at: bigint | null, length: number, protection: number, flags: number, fd: number, offset: number): bigint;
  munmap(at: bigint, length: number): number;
  close(fd: number): number;
  pipe(ends: Int32Array): number;
  pipe2?(ends: Int32Array, flags: number): number;
  fcntl(fd: number, command: number, type: "int", value: number): number;
}

interface Koffi {
  load(library: null): { func(prototype: string): unknown };
  view(pointer: bigint, length: number): ArrayBuffer;
  errno(): number;
}

const PROTOTYPES = {
  shm_open: "int shm_open(const char *name, int flags, unsigned int mode)",
  shm_unlink: "int shm_unlink(const char *name)",
  ftruncate: "int ftruncate(int fd, int64_t length)",
  mmap: "void *mmap(void *at, size_t length, int protection, int flags, int fd, int64_t offset)",
  munmap: "int munmap(void *at, size_t length)",
  close: "int close(int fd)",
  pipe: "int pipe(int *ends)",
  fcntl: "int fcntl(int fd, int command, ...)",
} as const;

const { O_RDWR, O_CREAT, O_EXCL } = fsConstants;
const READ_AND_WRITE = 0x3;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = process.platform === "linux" ? 0x20 : 0x1000;
const MAP_FAILED = 2n ** 64n - 1n;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** Linux's, on all the machines that Node runs on. */
const O_CLOEXEC = 0x80000;
/** The owner's alone, as Python makes it. */
const MODE = 0o600;

/** A part of the address space that a view may still see. */
interface Region {
  readonly at: bigint;
  readonly size: number;
  state: "mapped" | "released";
}

/** POSIX memory for this thread. Get it by {@link posixMemory}. */
export class PosixMemory {
  readonly #koffi: Koffi;
  readonly #calls: Calls;
  readonly #regions = new Set<Region>();
  readonly #collected = new FinalizationRegistry<Region>((region) => {
    this.#regions.delete(region);
    this.#calls.munmap(region.at, region.size);
  });

  constructor(koffi: Koffi) {
    this.#koffi = koffi;
    const library = koffi.load(null);
    const names = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, library.func(prototype)]);
    const calls = Object.fromEntries(names) as Calls;
    if (process.platform === "linux") {
      const prototype = "int posix_fallocate(int fd, int64_t offset, int64_t length)";
      calls.posix_fallocate = library.func(prototype) as NonNullable<Calls["posix_fallocate"]>;
      calls.pipe2 = library.func("int pipe2(int *ends, int flags)") as NonNullable<Calls["pipe2"]>;
    }
    this.#calls = calls;
    // A thread that ends leaves its mappings to the process, which would keep unlinked segments in memory. (One that is
    // terminated cannot do this.)
    if (!isMainThread) process.once("exit", () => this.#releaseAll());
  }

  /** Makes a new segment, all zeros.
   *  @throws SegmentExistsError, SegmentError. */
  create(name: string, size: number): Mapping {
    const fd = this.#calls.shm_open(`/${name}`, O_RDWR | O_CREAT | O_EXCL, MODE);
    if (fd < 0) throw this.#refused(`create shared memory ${JSON.stringify(name)}`, name);
    try {
      this.#reserve(fd, size);
      return this.#map(name, fd);
    } catch (error) {
      this.#calls.shm_unlink(`/${name}`);
      throw error;
    } finally {
      // Not fs.closeSync: in a worker that warns of a descriptor which node:fs has not opened.
      this.#calls.close(fd);
    }
  }

  /** Maps a segment that exists.
   *  @throws SegmentNotFoundError, SegmentError. */
  attach(name: string): Mapping {
    const fd = this.#open(name);
    try {
      return this.#map(name, fd);
    } finally {
      this.#calls.close(fd);
    }
  }

  /** Takes the name away. Who has the segment mapped keeps it.
   *  @throws SegmentNotFoundError, SegmentError. */
  unlink(name: string): void {
    if (this.#calls.shm_unlink(`/${name}`) < 0)
      throw this.#refused(`unlink shared memory ${JSON.stringify(name)}`, name);
  }

  /** Which segment has this name now. @throws SegmentNotFoundError, SegmentError. */
  identityOf(name: string): string {
    const fd = this.#open(name);
    try {
      return identityOf(fd);
    } finally {
      this.#calls.close(fd);
    }
  }

  /** A pipe that belongs to the process, and not to this thread: its ends stay open until they are closed or the process
   *  ends. Programs that are started do not inherit it unless they are given an end. */
  pipe(): { readonly readEnd: number; readonly writeEnd: number } {
    const ends = new Int32Array(2);
    // At one stroke, where that is possible: a program that another thread starts in between would inherit both.
    const made = this.#calls.pipe2?.(ends, O_CLOEXEC) ?? this.#calls.pipe(ends);
    if (made < 0) throw this.#refused("make a pipe", "");
    const [readEnd = -1, writeEnd = -1] = ends;
    if (this.#calls.pipe2 === undefined) {
      for (const end of ends) this.#calls.fcntl(end, F_SETFD, "int", FD_CLOEXEC);
    }
    return { readEnd, writeEnd };
  }

  closeDescriptor(fd: number): void {
    this.#calls.close(fd);
  }

  #open(name: string): number {
    const fd = this.#calls.shm_open(`/${name}`, O_RDWR, MODE);
    if (fd < 0) throw this.#refused(`attach to shared memory ${JSON.stringify(name)}`, name);
    return fd;
  }

  #reserve(fd: number, size: number): void {
    if (this.#calls.ftruncate(fd, size) < 0) throw this.#refused(`reserve ${size} bytes of shared memory`, "");
    // It returns the error instead of setting errno.
    const errno = this.#calls.posix_fallocate?.(fd, 0, size) ?? 0;
    if (errno !== 0) throw new SegmentError(`reserve ${size} bytes of shared memory`, nameOf(errno));
  }

  #map(name: string, fd: number): Mapping {
    const { size } = fstatSync(fd);
    // A segment that its creator has not given a size yet.
    if (size === 0) throw new SegmentNotFoundError(name);
    const at = this.#calls.mmap(null, size, READ_AND_WRITE, MAP_SHARED, fd, 0);
    if (hasFailed(at)) throw this.#refused(`map ${size} bytes of shared memory`, name);
    const region: Region = { at, size, state: "mapped" };
    const buffer = this.#viewOf(region);
    this.#regions.add(region);
    this.#collected.register(buffer, region);
    return { buffer, size, identity: identityOf(fd), release: () => this.#release(region) };
  }

  #viewOf(region: Region): ArrayBuffer {
    try {
      return this.#koffi.view(region.at, region.size);
    } catch (error) {
      this.#calls.munmap(region.at, region.size);
      throw new SharedMemoryUnavailableError(
        "This runtime does not let memory of the system be seen as an ArrayBuffer (Electron forbids it)",
        { cause: error },
      );
    }
  }

  /** Puts fresh memory of our own in the place of the segment, which is thereby let go of. */
  #release(region: Region): void {
    const { at, size } = region;
    if (region.state === "released") return;
    if (!this.#replace(region)) throw this.#refused(`let go of ${size} bytes of shared memory at ${at}`, "");
    region.state = "released";
  }

  #replace({ at, size }: Region): boolean {
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    return !hasFailed(this.#calls.mmap(at, size, READ_AND_WRITE, flags, -1, 0));
  }

  #releaseAll(): void {
    // What the system does not let go of goes with the process.
    for (const region of this.#regions) if (region.state === "mapped") this.#replace(region);
  }

  #refused(what: string, name: string): Error {
    const errno = nameOf(this.#koffi.errno());
    if (errno === "EEXIST") return new SegmentExistsError(name);
    return errno === "ENOENT" ? new SegmentNotFoundError(name) : new SegmentError(what, errno);
  }
}

const hasFailed = (at: bigint): boolean => BigInt.asUintN(64, at) === MAP_FAILED;

function identityOf(fd: number): string {
  const { dev, ino } = fstatSync(fd);
  return `${dev}-${ino}`;
}

function nameOf(errno: number): string {
  const entry = Object.entries(osConstants.errno).find(([, value]) => value === errno);
  return entry?.[0] ?? `errno ${errno}`;
}

let memory: PosixMemory | undefined;

/** Memory between processes, for this thread.
 *  @throws SharedMemoryUnavailableError (`ERR_SHARED_MEMORY_UNAVAILABLE`) on Windows, and without koffi. */
export function posixMemory(): PosixMemory {
  memory ??= new PosixMemory(loadKoffi());
  return memory;
}

function loadKoffi(): Koffi {
  if (process.platform === "win32") {
    throw new SharedMemoryUnavailableError(
      "Named shared memory is there on Linux, macOS and other POSIX systems, and not on Windows. " +
        "Between threads use a SharedArrayBuffer, between processes a Manager or a Queue",
    );
  }
  try {
    // Not an import: whoever never asks for shared memory need not have koffi.
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (error) {
    throw new SharedMemoryUnavailableError(
      `Shared memory between processes needs the optional package koffi, which cannot be loaded on ${process.platform} ` +
        `${process.arch}: run npm install koffi. Between threads a SharedArrayBuffer needs nothing`,
      { cause: error },
    );
  }
}
