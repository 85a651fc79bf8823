import { StateIcon } from "../components/StateIcon";
import type { KernelRun } from "../page/api";
import type { RunWatch } from "./watch";

/** The run of the notebook that somebody works in: its state, its name, and a way to its page. */
export function StatusItem({ watch, open }: { watch: RunWatch; open: (run: KernelRun) => void }) {
  const run = watch.run.value;
  if (!run) return null;
  const why = run.reason ? `: ${run.reason}` : "";
  return (
    <button
      type="button"
      title={`nbtrack: ${run.name} – ${run.state}${why}\nClick to open its page`}
      onClick={() => open(run)}
    >
      <span class={`nbt-is-${run.state}`}>
        <StateIcon state={run.state} />
      </span>
      <span class="nbtrack-status-name">{run.name}</span>
      <span class="nbtrack-status-state">{run.state}</span>
    </button>
  );
}
