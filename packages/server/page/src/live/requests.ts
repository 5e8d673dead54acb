/** What the page asks of the server beside the stream: actions, and files to save. */
import type { ActionAnswer, ActionRequest } from "../../../src/dashboard/protocol.js";
import { addressOf, headersFor, knownToken } from "./place.js";

export type Answered =
  | { readonly kind: "done"; readonly action: ActionAnswer["done"] }
  /** `code` as in the server's problems, or `unreachable`. */
  | { readonly kind: "refused"; readonly code: string; readonly detail: string };

/** Asks for an action. It does not throw: what goes wrong is an answer too. */
export async function act(request: ActionRequest): Promise<Answered> {
  try {
    const answer = await fetch(addressOf("dashboard/actions"), {
      method: "POST",
      headers: { "content-type": "application/json", ...headersFor(knownToken()) },
      body: JSON.stringify(request),
    });
    if (!answer.ok) return await refusalIn(answer);
    const { done }: ActionAnswer = await answer.json();
    return { kind: "done", action: done };
  } catch (error) {
    return { kind: "refused", code: "unreachable", detail: `The server cannot be reached: ${String(error)}` };
  }
}

async function refusalIn(answer: Response): Promise<Answered> {
  const problem: unknown = await answer.json().catch(() => undefined);
  const text = (name: string): string | undefined => {
    const value: unknown = typeof problem === "object" && problem !== null ? Reflect.get(problem, name) : undefined;
    return typeof value === "string" ? value : undefined;
  };
  const detail = text("detail") ?? text("title") ?? `The server answers ${answer.status}`;
  return { kind: "refused", code: text("code") ?? String(answer.status), detail };
}

export type ExportName = "trace.json" | "report.html";

/** Saves an export. A link could not send the token. */
export async function save(name: ExportName): Promise<Answered | undefined> {
  try {
    const answer = await fetch(addressOf(`dashboard/export/${name}`), { headers: headersFor(knownToken()) });
    if (!answer.ok) return await refusalIn(answer);
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    link.href = url;
    link.download = `manyhands-${name}`;
    link.click();
    // In a later turn: the browser takes the file when it handles the click.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    return undefined;
  } catch (error) {
    return { kind: "refused", code: "unreachable", detail: `The server cannot be reached: ${String(error)}` };
  }
}
