/** The program of a thread of `inThread`. */
import { parentPort, workerData } from "node:worker_threads";
import { arrived } from "./carrying.js";

const { module, name, args } = workerData;
const functions = await import(module);
parentPort?.postMessage(await functions[name](...(await arrived(args))));
