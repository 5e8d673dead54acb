/** What the parts of the page read and change, in one place. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ActionRequest, FunctionRow, Picture } from "../../src/dashboard/protocol.js";
import { Connection } from "./live/connection.js";
import { type Answered, act, type ExportName, save } from "./live/requests.js";
import { placesOf } from "./stream/palette.js";
import type { Picked } from "./stream/pick.js";
import { followed, held, START, type View } from "./stream/view.js";
import { theme } from "./theme.js";

export const connection: Connection = new Connection();

/** As the server last told it, with every tick. For pictures. */
export const live: ReadonlySignal<Picture | undefined> = computed(() => connection.known.value?.picture);

/** The same, twice a second: for numbers and tables that people read. */
export const steady: Signal<Picture | undefined> = signal(undefined);
const STEADY_MS = 500;

/** Lets `steady` follow `live`. */
export function keepSteady(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let setAt = Number.NEGATIVE_INFINITY;
  effect(() => {
    const picture = live.value;
    if (timer !== undefined) return;
    const set = (): void => {
      timer = undefined;
      setAt = performance.now();
      steady.value = live.peek();
    };
    const rest = setAt + STEADY_MS - performance.now();
    if (rest <= 0 || picture === undefined || steady.peek()?.hub !== picture.hub) set();
    else timer = setTimeout(set, rest);
  });
}

// ── names and colours ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A function's name without its module. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf("#") + 1) || name;
}

/** The last list, while the functions are the same: their counts change all the time, their names never do. */
let named: { readonly hub: string; readonly names: readonly string[] } = { hub: "", names: [] };

/** The short names by function id. */
export const names: ReadonlySignal<readonly string[]> = computed(() => {
  const picture = live.value;
  if (picture === undefined) return [];
  if (picture.hub !== named.hub || picture.functions.length !== named.names.length) {
    named = { hub: picture.hub, names: picture.functions.map(({ name }) => shortName(name)) };
  }
  return named.names;
});

/** The colour's place in the palette by function id. */
export const colours: ReadonlySignal<readonly number[]> = computed(() =>
  placesOf(names.value, theme.value.functions.length),
);

export function functionOf(picture: Picture, fn: number): FunctionRow | undefined {
  return picture.functions[fn];
}

// ── the stream ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const view: Signal<View> = signal(START);

/** The picture as it was when the stream was halted. Pictures never change, so that holding one is enough. */
export const frozen: Signal<Picture | undefined> = signal(undefined);
export const picked: Signal<Picked | undefined> = signal(undefined);

/** What the stream shows. */
export const streamed: ReadonlySignal<Picture | undefined> = computed(() => frozen.value ?? live.value);

/** The server's time; when it cannot be known, that of the last picture. */
export function nowAtServer(): number {
  const picture = streamed.peek();
  if (picture === undefined) return 0;
  if (frozen.peek() !== undefined || connection.link.peek().kind !== "live") return picture.at;
  return Math.max(picture.at, connection.clock.at(performance.now()));
}

/** Shows another stretch; one that stands still holds the picture too. */
export function look(next: View): void {
  batch(() => {
    frozen.value = next.kind === "held" ? (frozen.value ?? live.value) : undefined;
    view.value = next;
  });
}

export const pause = (): void => look(held(view.value, nowAtServer()));
export const resume = (): void => look(followed(view.value));

// ── actions ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Notice {
  readonly id: number;
  readonly kind: "done" | "refused";
  readonly text: string;
}

export const notices: Signal<readonly Notice[]> = signal([]);
let lastNotice = 0;
/** ms that a notice of success stays; one of a failure stays until it is put away. */
const NOTICE_MS = 5000;
const MOST_NOTICES = 4;

export function notify(kind: Notice["kind"], text: string): void {
  lastNotice += 1;
  const id = lastNotice;
  notices.value = [...notices.value, { id, kind, text }].slice(-MOST_NOTICES);
  if (kind === "done") setTimeout(() => putAway(id), NOTICE_MS);
}

export function putAway(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

const DONE: Readonly<Record<ActionRequest["action"], string>> = {
  cancel: "The call is cancelled.",
  pause: "Paused: calls that have not started wait.",
  resume: "Resumed.",
  resize: "Resized.",
};

/** Asks the server for it, and tells how that went. */
export async function perform(request: ActionRequest): Promise<void> {
  tell(await act(request));
}

export async function download(name: ExportName): Promise<void> {
  const refused = await save(name);
  if (refused !== undefined) tell(refused);
}

function tell(answered: Answered): void {
  if (answered.kind === "done") return notify("done", DONE[answered.action]);
  // The token was changed meanwhile, at the server.
  if (answered.code === "ERR_UNAUTHORIZED") connection.connect();
  notify("refused", `${answered.detail} (${answered.code})`);
}
