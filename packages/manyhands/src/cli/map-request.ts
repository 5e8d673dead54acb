/** A `manyhands map` that makes sense, as its options asked for it. */
import type { MapOptions } from "../mod.js";
import type { DashboardRequest } from "./dashboard-request.js";
import type { Resumption } from "./earlier-run.js";
import type { OutputOrder } from "./emitter.js";
import type { MapExecution } from "./executors.js";
import type { FileTemplate } from "./file-template.js";
import type { HaltPolicy } from "./halt.js";
import type { InputPlan } from "./input-plan.js";
import type { FailedLines, OutputFormat } from "./output-format.js";

export type OutputRequest =
  | { readonly kind: "stdout"; readonly format: OutputFormat }
  | { readonly kind: "file"; readonly path: string; readonly format: OutputFormat }
  | { readonly kind: "files"; readonly template: FileTemplate; readonly format: "json" | "text" };

export interface MapRequest {
  readonly target: string;
  readonly plan: InputPlan;
  readonly execution: MapExecution;
  readonly calls: MapOptions;
  /** ms between two starts. */
  readonly interval: number | undefined;
  readonly output: OutputRequest;
  readonly order: OutputOrder;
  readonly failed: FailedLines;
  readonly joblog: string | undefined;
  readonly trace: string | undefined;
  readonly dashboard: DashboardRequest;
  readonly resumption: Resumption | undefined;
  readonly halt: HaltPolicy;
  readonly progress: "shown" | "silent";
  readonly run: "real" | "dry";
}
