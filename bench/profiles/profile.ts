/** From the samples of V8's profiler to the frames of a flame graph. */

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What V8 writes, as far as it is read here. Times in µs. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Whose code a frame is. */
export type Owner = "manyhands" | "task and benchmark" | "Node" | "V8";

export interface Frame {
  readonly name: string;
  readonly owner: Owner;
  /** In itself and in what it called, ms. */
  time: number;
  readonly children: Map<string, Frame>;
}

/** Waiting is no work, and the sampler's own work nobody asked for. */
const leftOut = ({ functionName, url }: CallFrame): boolean =>
  functionName === "(idle)" || url.endsWith("/profiles/sampler.js");

function ownerOf(url: string, name: string): Owner {
  if (url.includes("/packages/manyhands/dist/")) return "manyhands";
  if (url.startsWith("node:")) return "Node";
  return url === "" && name.startsWith("(") ? "V8" : url === "" ? "Node" : "task and benchmark";
}

const newFrame = (name: string, owner: Owner): Frame => ({ name, owner, time: 0, children: new Map() });

/** One tree of all the profiles together: what their threads did, but for waiting. */
export function framesOf(title: string, profiles: readonly CpuProfile[]): Frame {
  const root = newFrame(title, "Node");
  for (const profile of profiles) addProfile(root, profile);
  return root;
}

function addProfile(root: Frame, { nodes, samples, timeDeltas }: CpuProfile): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const times = new Map<number, number>();
  for (const [at, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + (timeDeltas[at] ?? 0) / 1000);
  for (const [id, time] of times) {
    const path: CallFrame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parentOf.get(at)) {
      const node = byId.get(at);
      if (node !== undefined) path.unshift(node.callFrame);
    }
    // The first is the root of all, which stands for the thread.
    if (!path.some(leftOut)) addPath(root, path.slice(1), time);
  }
}

function addPath(root: Frame, path: readonly CallFrame[], time: number): void {
  let frame = root;
  frame.time += time;
  for (const { functionName, url, lineNumber } of path) {
    const name = functionName === "" ? "(anonymous)" : functionName;
    const key = `${name} ${url}:${lineNumber}`;
    const next = frame.children.get(key) ?? newFrame(name, ownerOf(url, name));
    frame.children.set(key, next);
    next.time += time;
    frame = next;
  }
}
