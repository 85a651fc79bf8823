import type { Tab } from "../router";

export function RunPage(_: { store: string; run: string; tab: Tab }) {
  return null;
}
