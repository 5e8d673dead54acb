/** manyhands/subprocess: what Python's module of this name gives. */
export { BrokenPipeError } from "../base/errors.js";
export type { Piece } from "./backlog.js";
export type { PopenOptions } from "./child-plan.js";
export type { Command } from "./command.js";
export { CompletedProcess } from "./completed-process.js";
export {
  CalledProcessError,
  type ExpiredWait,
  type Output,
  type ProcessEnd,
  SignalRefusedError,
  type StartCode,
  StartError,
  TimeoutExpired,
} from "./errors.js";
export type { Communicated } from "./exchange.js";
export { type Input, InputPipe } from "./input-pipe.js";
export { OutputPipe } from "./output-pipe.js";
export { type CommunicateOptions, type Decoded, Popen } from "./popen.js";
export { DEVNULL, PIPE, type Redirection, STDOUT } from "./redirection.js";
export {
  type CallOptions,
  call,
  checkCall,
  checkOutput,
  getOutput,
  getStatusOutput,
  type LineOptions,
  type RunOptions,
  run,
} from "./run.js";
