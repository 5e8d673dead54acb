/** What is taken from pages, by functions that travel to the workers. */
import { threadId } from "node:worker_threads";
import type { ExtractInput } from "@manyhands/crawler";

/** The heading, and how many links there are. */
export function recordOf({ url, status, html }: ExtractInput): {
  url: string;
  status: number;
  heading: string;
  links: number;
} {
  return { url, status, heading: /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? "", links: html.split("<a ").length - 1 };
}

/** Which thread it was. */
export function threadOf(): number {
  return threadId;
}

/** Has nothing to say about page 3. */
export function pickyOf({ url }: ExtractInput): string {
  if (url.endsWith("/p/3")) throw new RangeError("not that one");
  return url;
}
