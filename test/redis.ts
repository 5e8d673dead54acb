/** A Redis of the test's own: on a free port, with its files in a folder of its own, ended by its own process id.
 *
 *  Guarantees: never the default port, never one that others use; a server that cannot be had fails the test with what to install. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "./conformance/support.js";

/** As the last of the settings: the port speaks TLS. */
const TLS = "tls";
const READY = /Ready to accept connections/;
const TAKEN = /Address already in use|bind:/i;
const STARTS_WITHIN = 10_000;

/** A port that nobody had a moment ago. Redis cannot choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #child: ChildProcess;

  private constructor(port: number, folder: string, settings: readonly string[], child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#settings = settings;
    this.#child = child;
  }

  /** @param settings further ones, such as `["--requirepass", "secret"]`. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), "manyhands-redis-"));
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      try {
        return new RedisServer(port, folder, settings, await launch(port, folder, settings));
      } catch (error) {
        // Somebody else was given the same port in between.
        if (attempt === 5 || !TAKEN.test(String(error))) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Kills it, as a power cut would. */
  async kill(): Promise<void> {
    await ended(this.#child, "SIGKILL");
  }

  /** Starts it again, on the same port, with what its append-only file holds. */
  async restart(): Promise<void> {
    this.#child = await launch(this.port, this.#folder, this.#settings);
  }

  async stop(): Promise<void> {
    await ended(this.#child, "SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function launch(port: number, folder: string, settings: readonly string[]): Promise<ChildProcess> {
  const tls = settings.at(-1) === TLS;
  const ports = tls ? ["--port", "0", "--tls-port", String(port)] : ["--port", String(port)];
  const fixed = [...ports, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const child = spawn("redis-server", [...fixed, "--appendonly", "yes", ...(tls ? settings.slice(0, -1) : settings)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const started = new Promise<ChildProcess>((resolve, reject) => {
    child.once("error", (cause) => {
      reject(new Error("redis-server cannot be started: run tools/setup, which installs it", { cause }));
    });
    child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}: ${said}`)));
    for (const output of [child.stdout, child.stderr]) {
      output?.on("data", (bytes: Buffer) => {
        said += bytes;
        if (READY.test(said)) resolve(child);
      });
    }
  });
  return within(started, "redis-server should be ready", STARTS_WITHIN);
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}
