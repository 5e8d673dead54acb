import { parentPort } from "node:worker_threads";
import { square } from "../square.js";

const answer = (numbers: number[]): number[] => numbers.map(square);

if (parentPort === null) process.on("message", (numbers: number[]) => process.send?.(answer(numbers)));
else parentPort.on("message", (numbers: number[]) => parentPort?.postMessage(answer(numbers)));
