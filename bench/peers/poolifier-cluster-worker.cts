// CommonJS: the cluster module drops what is sent to an ES module before its imports are done, and then nobody answers.
const { ClusterWorker } = require("poolifier") as typeof import("poolifier");

module.exports = new ClusterWorker<number, number>((n) => (n ?? 0) * (n ?? 0));
