import { worker } from "workerpool";
import { echo } from "../tasks/echo.js";
import { isPrime } from "../tasks/is-prime.js";
import { square } from "../tasks/square.js";
import { sumPart } from "../tasks/sum-part.js";

worker({ square, isPrime, echo, sumPart });
