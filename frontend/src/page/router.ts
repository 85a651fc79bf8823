import { computed, signal } from "@preact/signals";

import { pageUrl } from "./client";
import { MOVED } from "./moved";

/** Where a person is: what stands in the address, so that a link shows the same. */
export type Route =
  | { page: "table" }
  | { page: "compare" }
  | { page: "run"; store: string; run: string; tab: Tab };

export const TABS = [
  "overview",
  "charts",
  "system",
  "model",
  "logs",
  "files",
  "artifacts",
  "cells",
] as const;
export type Tab = (typeof TABS)[number];

const place = signal({ path: location.pathname, search: location.search });

addEventListener("popstate", () => read());

function read(): void {
  place.value = { path: location.pathname, search: location.search };
  dispatchEvent(new Event(MOVED));
}

const isTab = (text: string | undefined): text is Tab => TABS.some((tab) => tab === text);

export function routeOf(path: string): Route {
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [kind, store, run, tab] = parts;
  if (kind === "runs" && store && run) {
    return { page: "run", store, run, tab: isTab(tab) ? tab : "overview" };
  }
  return kind === "compare" ? { page: "compare" } : { page: "table" };
}

export const route = computed(() => {
  const root = pageUrl("");
  const { path } = place.value;
  return routeOf(path.startsWith(root) ? path.slice(root.length) : "");
});

/** What stands behind the `?`. */
export const query = computed(() => new URLSearchParams(place.value.search));

/** The address of a run's tab. */
export const runUrl = (store: string, run: string, tab: Tab = "overview") =>
  pageUrl(
    `/runs/${encodeURIComponent(store)}/${encodeURIComponent(run)}${tab === "overview" ? "" : `/${tab}`}`,
  );

/** Goes to another page of ours. */
export function go(url: string): void {
  history.pushState(null, "", url);
  read();
  scrollTo(0, 0);
}

/**
 * Changes values behind the `?`; `null` and the empty text take one out. A step of its own in the
 * browser's history only if `step` is given.
 */
export function setQuery(
  values: Record<string, string | null | undefined>,
  { step = false }: { step?: boolean } = {},
): void {
  const changed = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) changed.set(name, value);
    else changed.delete(name);
  }
  const text = changed.toString();
  const url = location.pathname + (text ? `?${text}` : "");
  if (url === location.pathname + location.search) return;
  if (step) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
  read();
}
