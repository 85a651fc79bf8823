import { apiUrl, part } from "../../client";

/** A version of an artifact: `data:v3`. */
export interface Chosen {
  name: string;
  version: number | null;
}

/** What an address asks for: `data`, or `data:v3`. */
export function chosenOf(text: string): Chosen | null {
  const found = /^([\w.-]+)(?::v(\d{1,9}))?$/.exec(text);
  if (!found?.[1]) return null;
  return { name: found[1], version: found[2] === undefined ? null : Number(found[2]) };
}

export const labelOf = (name: string, version: number) => `${name}:v${version}`;

/** Where an artifact is asked for, and one version of it. */
export const artifactPath = (store: string, name: string) =>
  `/artifacts/${part(store)}/${part(name)}`;
export const versionPath = (store: string, name: string, version: number) =>
  `${artifactPath(store, name)}/v${version}`;

/** Where the content of an entry is. */
export const entryUrl = (
  store: string,
  name: string,
  version: number,
  path: string,
  query: Record<string, number> = {},
) =>
  apiUrl(
    `${versionPath(store, name, version)}/files/${path.split("/").map(encodeURIComponent).join("/")}`,
    query,
  );
