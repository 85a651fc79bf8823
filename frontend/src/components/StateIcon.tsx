import type { AttemptCard } from "../wire";

type State = AttemptCard["state"];

// Told apart by shape, not by colour alone.
const PATHS: Record<State, string> = {
  running: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
  finished: "M3.5 8.5l3 3 6-7",
  failed: "M4 4l8 8M12 4l-8 8",
  crashed: "M9 2L4 9h4l-1 5 5-7H8z",
  interrupted: "M4.5 4.5h7v7h-7z",
};
const FILLED: ReadonlySet<State> = new Set(["running", "crashed", "interrupted"]);

export function StateIcon({ state }: { state: State }) {
  const filled = FILLED.has(state);
  return (
    <svg class={`nbt-icon nbt-icon-${state}`} viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[state]}
        fill={filled ? "currentColor" : "none"}
        stroke={filled ? "none" : "currentColor"}
        stroke-width="2.2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
