import type { RunState } from "../state";

/** Where a file's bytes are, under the API. */
export const filePath = (state: RunState, path: string) =>
  `${state.path}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
