// CommonJS: the cluster module drops what is sent to an ES module before its imports are done, and then nobody answers.
const { ClusterWorker } = require("poolifier") as typeof import("poolifier");

// Written out, since CommonJS cannot load the tasks' modules at once on every Node.
function isPrime(n: number): boolean {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
}

module.exports = new ClusterWorker<unknown, unknown>({
  square: (n) => (n as number) * (n as number),
  isPrime: (n) => isPrime(n as number),
  echo: (value) => value,
});
