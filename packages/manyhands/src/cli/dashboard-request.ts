/** `--dashboard` and `--dashboard-port`, of every command that they make sense for. */
import type { Command } from "commander";
import { parsePort } from "./option-values.js";

/** Whether the page is shown, and at which port. */
export type DashboardRequest = { readonly kind: "shown"; readonly port: number } | { readonly kind: "none" };

/** As commander gives them. */
export interface DashboardFlags {
  readonly dashboard?: true;
  readonly dashboardPort?: number;
}

export function addDashboardOptions(command: Command): Command {
  return command
    .option("--dashboard", "show the run on a page of this machine, whose address is told on standard error")
    .option("--dashboard-port <n>", "the port of that page (default: any that is free)", parsePort);
}

/** Who names a port wants the page. */
export function dashboardOf({ dashboard, dashboardPort }: DashboardFlags): DashboardRequest {
  return dashboard === true || dashboardPort !== undefined
    ? { kind: "shown", port: dashboardPort ?? 0 }
    : { kind: "none" };
}
