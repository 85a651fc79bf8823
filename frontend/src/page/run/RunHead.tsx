import { ProgressBar } from "../../components/ProgressBar";
import { StateIcon } from "../../components/StateIcon";
import { useSeconds } from "../../components/useSeconds";
import { formatDuration } from "../../model/format";
import type { RunDetail } from "../api";
import type { RunState } from "./state";

/** What one wants to know of a run whichever part of it is open. */
export function RunHead({ state, detail }: { state: RunState; detail: RunDetail }) {
  const running = state.running.value;
  useSeconds(running);
  const now = state.state.value;
  const seconds = running
    ? Date.now() / 1e3 - detail.started / 1e6
    : (detail.seconds ?? (state.until() - detail.started) / 1e6);
  const { progress } = state.model.card.value ?? {};
  return (
    <header class="nbt-run-head">
      <div class="nbt-run-line">
        <span class={`nbt-state nbt-is-${now}`} role="status">
          <StateIcon state={now} />
          {now}
        </span>
        <h1 class="nbt-run-name nbt-cut" title={detail.name}>
          {detail.name}
        </h1>
        {running && <Dot state={state} />}
        <span class="nbt-run-took nbt-number" title="how long it has taken">
          {formatDuration(seconds)}
        </span>
      </div>
      <p class="nbt-run-reason nbt-muted">{state.reason.value}</p>
      {running && progress && !progress.closed && <ProgressBar progress={progress} />}
    </header>
  );
}

const WORDS = {
  live: ["live", "what happens is shown as it happens"],
  lost: ["connecting …", "the server does not answer; it is asked again"],
  paused: ["paused", "nobody has looked for a while"],
  nothing: ["not live", "this run sends nothing; it is read from its files"],
} as const;

function Dot({ state }: { state: RunState }) {
  const [word, title] = WORDS[state.flow.value ?? "lost"];
  return (
    <span class={`nbt-dot nbt-dot-${state.flow.value ?? "lost"}`} title={title}>
      {word}
    </span>
  );
}
