import { ThreadWorker } from "poolifier";
import { square } from "../square.js";

export default new ThreadWorker<number, number>((n) => square(n ?? 0));
