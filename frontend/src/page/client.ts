import { signal } from "@preact/signals";

import { xsrf } from "../source/xsrf";
import type { SeriesHead, SeriesPart, SeriesRequest, Server } from "./api";

/** Numbers of one bucket: x and y of its two extremes. */
const WIDTH = 4;

/** What the server said instead of an answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | boolean | null | undefined | readonly string[]>;

/** Who answers; `null` until that is known. */
export const server = signal<Server | null>(null);

/** The address that the page lies under, with a slash at its end: `/user/ada/`. */
export const baseUrl = (): string =>
  document.getElementById("nbtrack")?.dataset.baseUrl ?? "/";

/** An address under the pages of runs. */
export const pageUrl = (path: string) => `${baseUrl()}nbtrack${path}`;

export function apiUrl(path: string, query: Query = {}): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "" || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) found.append(name, String(one));
  }
  const text = found.toString();
  return `${baseUrl()}nbtrack/api${path}${text ? `?${text}` : ""}`;
}

/** Parts of an address that hold anything. */
export const part = (text: string) => encodeURIComponent(text);

/** Asks the server. Throws an `ApiError` if it has no answer, also when it cannot be reached. */
export async function ask(
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
  url: string,
  body?: unknown,
  abort?: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: {
        ...headers,
        ...xsrf(),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // What somebody changed arrives, though they leave the page. Browsers bear 64 KiB of these.
      keepalive: method === "PATCH",
      ...(abort ? { signal: abort } : {}),
    });
  } catch (error) {
    if (abort?.aborted) throw error;
    throw new ApiError(0, "the server does not answer: is it still running?");
  }
  if (!response.ok && response.status !== 304) throw new ApiError(response.status, await messageOf(response));
  return response;
}

async function messageOf(response: Response): Promise<string> {
  if (response.status === 403) return "not allowed: log in again, or ask for write access";
  try {
    const { message } = (await response.json()) as { message?: string };
    if (message) return message;
  } catch {
    // Not everything between the page and the server speaks JSON.
  }
  return `${response.status} ${response.statusText}`;
}

export async function get<T>(path: string, query: Query = {}, abort?: AbortSignal): Promise<T> {
  return (await (await ask("GET", apiUrl(path, query), undefined, abort)).json()) as T;
}

/** An answer, and what it is called, so that it need not come again while it is the same. */
export interface Tagged<T> {
  value: T;
  etag: string | null;
}

/** Asks for something of which a person has an older answer; `null`: that is still the same. */
export async function getIfChanged<T>(
  path: string,
  query: Query,
  etag: string | null,
  abort?: AbortSignal,
): Promise<Tagged<T> | null> {
  const headers = etag ? { "If-None-Match": etag } : undefined;
  const response = await ask("GET", apiUrl(path, query), undefined, abort, headers);
  if (response.status === 304) return null;
  return { value: (await response.json()) as T, etag: response.headers.get("ETag") };
}

export async function send<T>(
  method: "POST" | "PATCH" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  abort?: AbortSignal,
): Promise<T> {
  const response = await ask(method, apiUrl(path), body, abort);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** A curve as the server cut it: x rises, `points` are x and y of the extremes of each bucket. */
export interface Cut {
  part: SeriesPart;
  points: Float64Array;
}

/** Curves at a size that can be drawn. */
export async function series(request: SeriesRequest, abort?: AbortSignal): Promise<Cut[]> {
  const response = await ask("POST", apiUrl("/series"), request, abort);
  const data = await response.arrayBuffer();
  const head = new DataView(data).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(data, 4, head));
  const numbers = new Float64Array(data.slice(4 + head));
  let at = 0;
  return (JSON.parse(text) as SeriesHead).parts.map((found) => {
    const end = at + found.buckets * WIDTH;
    const points = numbers.subarray(at, end);
    at = end;
    return { part: found, points };
  });
}
