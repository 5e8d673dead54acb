import { worker } from "workerpool";
import { square } from "../square.js";

worker({ square });
