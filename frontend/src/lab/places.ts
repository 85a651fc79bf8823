/** What stands behind `<base>nbtrack` in an address, from the slash on; `null`: it is no page of ours. */
export function placeOf(address: string, root: string): string | null {
  const { pathname, search } = new URL(address);
  const start = new URL(root).pathname;
  if (pathname === start) return search;
  return pathname.startsWith(`${start}/`) ? pathname.slice(start.length) + search : null;
}

/** The page that a place is on, whichever part of it is seen: empty for the table of runs. */
export function pageOf(place: string): string {
  return /^\/runs\/[^/?]+\/[^/?]+|^\/compare/.exec(place)?.[0] ?? "";
}

/** The place of a run's page. */
export const runPlace = ({ store, run }: { store: string; run: string }) => `/runs/${store}/${run}`;

/** What a tab is called whose page has this title. */
export function labelOf(place: string, title: string): string {
  return pageOf(place) === "" ? "Runs" : title.replace(/ · nbtrack$/, "");
}
