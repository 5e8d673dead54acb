import { ThreadWorker } from "poolifier";
import { echo } from "../tasks/echo.js";
import { isPrime } from "../tasks/is-prime.js";
import { square } from "../tasks/square.js";
import { sumPart } from "../tasks/sum-part.js";

const tasks = { square, isPrime, echo, sumPart } as unknown as Record<string, (value: unknown) => unknown>;

export default new ThreadWorker<unknown, unknown>(tasks);
