import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/built/**"],
    // What is built is loaded by Node itself, not transformed: the tests exercise what users get, and a worker that
    // imports a module of tasks finds the very function that the test passed to submit().
    server: { deps: { external: [/\/dist\//, /\/built\//] } },
    pool: "forks",
    // The tests start workers of their own; more test files at once would only make them wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that passes at the second try has found a race: that is a failure.
    retry: 0,
  },
});
