/** `manyhands download` as its users run it: exit codes, lines, interrupts, and kills at any moment. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manyhands, startCommand, testDirectory } from "./cli-command.js";
import { bytesOf, fileServer, sha256 } from "./download-server.js";

test("all saved is 0 and paths, some failed is 1, wrong usage is 2; --json tells each", async () => {
  const server = await fileServer();
  server.files.set("/a.bin", { body: bytesOf(10) });
  server.files.set("/b.bin", { body: bytesOf(20) });
  const cwd = testDirectory();
  writeFileSync(join(cwd, "urls"), `# two\n${server.url}/a.bin\n\n${server.url}/b.bin\n`);
  writeFileSync(join(cwd, "sums"), `${sha256(bytesOf(10))}  a.bin\n${sha256(bytesOf(20))}  b.bin\n`);
  const args = ["download", "-i", "urls", "--dir", "out", "--allow-private"];
  const first = await manyhands([...args, "--checksum", "sums"], { cwd });
  expect([first.code, [...first.lines].sort(), first.stderr]).toEqual([0, ["out/a.bin", "out/b.bin"], ""]);
  const again = await manyhands([...args, `${server.url}/gone`, "--skip", "--json", "--retries", "0"], { cwd });
  expect(again.code).toBe(1);
  const results = again.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(results.map(({ kind }) => kind).sort()).toEqual(["failed", "skipped", "skipped"]);
  expect(results.find(({ kind }) => kind === "failed")).toMatchObject({ error: { code: "ERR_HTTP_STATUS" } });
  const refused = await manyhands(["download", `${server.url}/a.bin`], { cwd });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("--allow-private")]);
  for (const wrong of [
    [],
    ["-i", "missing"],
    ["-i", "urls", "--skip", "--overwrite"],
    ["x", "y", "--checksum", "md5:aa"],
    ["http://a.test/", "--checksum", "sha256:aa"],
  ]) {
    const { code, stderr } = await manyhands(["download", ...wrong], { cwd });
    expect([wrong, code, stderr.trim().split("\n").length]).toEqual([wrong, 2, 1]);
  }
});

const SIZE = 24 * 1024 * 1024;

test("Ctrl-C ends with 130 and keeps what came; --resume fetches the rest only", async () => {
  const body = bytesOf(1_000_000);
  const server = await fileServer();
  server.files.set("/a.bin", { body, etag: '"1"' });
  let reached: () => void = () => {};
  const half = new Promise<void>((resolve) => {
    reached = resolve;
  });
  server.fault = ({ headers: { range } }, response) => {
    if (range !== undefined) return "serve";
    response.writeHead(200, { etag: '"1"', "content-length": body.length });
    response.write(body.subarray(0, 500_000), () => reached());
    return "done";
  };
  const cwd = testDirectory();
  const args = ["download", `${server.url}/a.bin`, "--allow-private"];
  const running = startCommand(args, { cwd });
  await half;
  // What has been sent is not yet what has come: until the unfinished file has some of it.
  const size = (): number => readdirSync(cwd).reduce((sum, name) => sum + readFileSync(join(cwd, name)).length, 0);
  while (size() < 400_000) await new Promise((resolve) => setImmediate(resolve));
  running.child.kill("SIGINT");
  const { code, stderr } = await running.end;
  expect([code, stderr]).toEqual([130, expect.stringContaining("--resume")]);
  expect(readdirSync(cwd).every((name) => /\.part(\.json)?$/.test(name))).toBe(true);
  expect((await manyhands([...args, "--resume"], { cwd })).code).toBe(0);
  expect(Number(/\d+/.exec(server.requests.at(-1)?.range ?? "")?.[0])).toBeGreaterThanOrEqual(400_000);
  expect(readFileSync(join(cwd, "a.bin")).equals(body)).toBe(true);
  expect(readdirSync(cwd)).toEqual(["a.bin"]);
}, 60_000);

test("killed at any byte again and again, it ends with the right bytes, and goes on from what was noted", async () => {
  const body = bytesOf(SIZE);
  const server = await fileServer();
  server.files.set("/big.bin", { body, etag: '"1"' });
  const cwd = testDirectory();
  const args = [
    "download",
    `${server.url}/big.bin`,
    "--allow-private",
    "--resume",
    "--checksum",
    `sha256:${sha256(body)}`,
  ];
  // Where each run is killed: when so many bytes of this answer have been sent.
  for (const share of [0.03, 0.31, 0.62, 0.5, 0.9]) {
    let kill: () => void = () => {};
    server.fault = ({ headers }, response) => {
      const start = Number(/\d+/.exec(headers.range ?? "")?.[0] ?? 0);
      const upTo = start + Math.floor((SIZE - start) * share);
      const ranged = start > 0;
      response.writeHead(ranged ? 206 : 200, {
        ...(ranged && { "content-range": `bytes ${start}-${SIZE - 1}/${SIZE}` }),
        etag: '"1"',
        "content-length": SIZE - start,
      });
      response.write(body.subarray(start, upTo), () => kill());
      return "done";
    };
    const running = startCommand(args, { cwd });
    kill = () => void running.child.kill("SIGKILL");
    expect((await running.end).code).toBeNull();
    expect(readdirSync(cwd)).not.toContain("big.bin");
  }
  server.fault = () => "serve";
  expect(await manyhands(args, { cwd })).toMatchObject({ code: 0, lines: ["big.bin"] });
  expect(readFileSync(join(cwd, "big.bin")).equals(body)).toBe(true);
  expect(readdirSync(cwd)).toEqual(["big.bin"]);
  expect(server.requests.filter(({ range }) => range !== undefined).length).toBeGreaterThan(0);
}, 120_000);
