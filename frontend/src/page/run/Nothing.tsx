import type { RunState } from "./state";
import { useLoaded } from "../useLoaded";
import type { Files } from "../api";
import { apiUrl, ask, get } from "../client";
import { filePath } from "./files/paths";
import { prettyJson } from "./files/json";

const WORDS = {
  model: [
    "No model was recorded in this run.",
    "This version of nbtrack records no layers, parameters and gradients yet. Numbers of a model " +
      "that were logged, such as gradient norms, are among the charts.",
  ],
  artifacts: [
    "No artifacts were recorded in this run.",
    "This version of nbtrack records no artifacts yet. What lies in the run's folder is under Files.",
  ],
} as const;

const DESCRIPTION = "model.json";

/** Says that nothing of a kind was recorded; of a model there may be a description. */
export function Nothing({ kind, state }: { kind: "model" | "artifacts"; state: RunState }) {
  const found = useLoaded(`${kind} ${state.path}`, async (abort) => {
    if (kind !== "model") return null;
    const { files } = await get<Files>(`${state.path}/files`, {}, abort);
    const file = files.find(({ path }) => path.split("/").at(-1) === DESCRIPTION);
    if (!file) return null;
    const response = await ask("GET", apiUrl(filePath(state, file.path)), undefined, abort);
    return (await response.text()).slice(0, 1_000_000);
  });
  if (found.value) {
    return (
      <pre class="nbt-source" tabIndex={0} aria-label={DESCRIPTION}>
        {prettyJson(found.value)}
      </pre>
    );
  }
  const [first, more] = WORDS[kind];
  return (
    <div class="nbt-empty">
      <p>{first}</p>
      <p class="nbt-muted">{more}</p>
    </div>
  );
}
