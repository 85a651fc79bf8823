import { useEffect, useRef, useState } from "preact/hooks";

import { StateIcon } from "../../../components/StateIcon";
import { formatBytes, formatDuration } from "../../../model/format";
import type { CellDetail, Cells } from "../../api";
import { get } from "../../client";
import { Link } from "../../Link";
import { Problem } from "../../Problem";
import { runUrl } from "../../router";
import { useLoaded } from "../../useLoaded";
import { Raised } from "../overview/Trouble";
import { Source } from "../Source";
import type { RunState } from "../state";
import { useParam } from "../useParam";
import { AttemptDiff, nameOf } from "./AttemptDiff";
import { Timeline } from "./Timeline";

/** Lines of a source that are seen before somebody opens it. */
const FEW = 12;

/** What ran, in which order, and what came of it. */
export function CellsTab({ state }: { state: RunState }) {
  const card = state.model.card.value;
  const attempts = card?.attempts.map(({ n, state }) => `${n} ${state}`).join();
  const [tick, setTick] = useState(0);
  const running = state.running.value;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => !document.hidden && setTick((count) => count + 1), 3000);
    return () => clearInterval(timer);
  }, [running]);
  const loaded = useLoaded(`${state.state.value} ${attempts} ${tick}`, (abort) =>
    get<Cells>(`${state.path}/cells`, {}, abort),
  );
  const [chosenText, choose] = useParam("cell");
  const [diffText, setDiff] = useParam("diff");
  const [trackedText, setTracked] = useParam("tracked");
  const chosen = Number(chosenText) || 0;
  const { detail } = state;
  if (!loaded.value || !detail.value) {
    return loaded.error ? (
      <Problem error={loaded.error} again={loaded.again} />
    ) : (
      <p class="nbt-hint">loading the cells …</p>
    );
  }
  const { cells } = loaded.value;
  if (!cells.length) {
    return (
      <div class="nbt-empty">
        <p>No cells were recorded in this run.</p>
        <p class="nbt-muted">
          {detail.value.command ? "It was a script." : "Cells that run from now on come here."}
        </p>
      </div>
    );
  }
  const only = trackedText === "1";
  const shown = only ? cells.filter(({ attempt }) => attempt !== null) : cells;
  const marks = diffText.split(",").filter(Boolean).map(Number);
  const pair = marks.flatMap((n) => cells.filter((cell) => cell.n === n)).sort((a, b) => a.n - b.n);
  const [before, after] = pair;
  const mark = (n: number) =>
    setDiff(
      (marks.includes(n) ? marks.filter((one) => one !== n) : [...marks, n].slice(-2)).join(),
    );
  return (
    <div class="nbt-cells">
      <Timeline
        cells={shown}
        chosen={chosen}
        now={state.until()}
        choose={(n) => choose(String(n), true)}
      />
      <div class="nbt-bar-top">
        <span class="nbt-muted nbt-number">
          {cells.length} {cells.length === 1 ? "execution" : "executions"}
        </span>
        <label class="nbt-check">
          <input
            type="checkbox"
            checked={only}
            onChange={({ currentTarget: { checked } }) => setTracked(checked ? "1" : null)}
          />
          tracked only
        </label>
        <span class="nbt-muted" role="status">
          {before && !after && `${nameOf(before)} is marked: mark another to see what is different`}
        </span>
      </div>
      {before && after && (
        <AttemptDiff
          detail={detail.value}
          cells={cells}
          pair={[before, after]}
          close={() => setDiff(null)}
        />
      )}
      <ol class="nbt-cell-list">
        {shown.map((cell) => (
          <CellItem
            key={cell.n}
            cell={cell}
            state={state}
            chosen={cell.n === chosen}
            marked={marks.includes(cell.n)}
            mark={() => mark(cell.n)}
          />
        ))}
      </ol>
    </div>
  );
}

interface ItemProps {
  cell: CellDetail;
  state: RunState;
  chosen: boolean;
  marked: boolean;
  mark: () => void;
}

function CellItem({ cell, state, chosen, marked, mark }: ItemProps) {
  const item = useRef<HTMLLIElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!chosen) return;
    item.current?.scrollIntoView({ block: "nearest" });
    item.current?.focus({ preventScroll: true });
    setOpen(true);
  }, [chosen]);
  const lines = cell.source.split("\n");
  const cut = !open && lines.length > FEW;
  const { exception } = cell;
  const death = state.detail.value?.post_mortem;
  // Where it was when the kernel died; a label may be that of an earlier cell too.
  const died = cell.state === "crashed" && death?.cell === cell.label ? death.line : null;
  return (
    <li
      ref={item}
      class={`nbt-cell${chosen ? " nbt-cell-chosen" : ""}`}
      tabIndex={-1}
      aria-current={chosen || undefined}
      aria-label={`${nameOf(cell)}, ${cell.state}`}
    >
      <div class="nbt-cell-head">
        <strong class="nbt-number">{cell.label}</strong>
        {cell.state === "unseen" ? (
          <span class="nbt-muted" title="it ran before nbtrack was loaded">
            ran before
          </span>
        ) : (
          <span class={`nbt-cell-state nbt-is-${cell.state}`}>
            <StateIcon state={cell.state} />
            {cell.state}
          </span>
        )}
        {cell.attempt !== null && (
          <Link href={`${runUrl(state.store, state.run, "charts")}?attempt=${cell.attempt}`}>
            attempt {cell.attempt}
          </Link>
        )}
        <span class="nbt-cell-facts nbt-number">
          {cell.wall_seconds !== null && (
            <Fact name="took">{formatDuration(cell.wall_seconds)}</Fact>
          )}
          {cell.cpu_seconds !== null && <Fact name="CPU">{formatDuration(cell.cpu_seconds)}</Fact>}
          {cell.peak_memory_bytes !== null && (
            <Fact name="memory">{formatBytes(cell.peak_memory_bytes)}</Fact>
          )}
          {cell.peak_gpu_memory_bytes !== null && (
            <Fact name="GPU memory">{formatBytes(cell.peak_gpu_memory_bytes)}</Fact>
          )}
          {cell.started !== null && (
            <span class="nbt-muted">{new Date(cell.started / 1e3).toLocaleTimeString()}</span>
          )}
        </span>
        <label class="nbt-check" title="mark two to see what is different">
          <input
            type="checkbox"
            checked={marked}
            aria-label={`compare ${nameOf(cell)}`}
            onChange={mark}
          />
          compare
        </label>
        <Link
          href={`${runUrl(state.store, state.run, "logs")}?in=${cell.n}`}
          aria-label={`what ${nameOf(cell)} printed`}
        >
          log
        </Link>
      </div>
      <Source
        text={cut ? lines.slice(0, FEW).join("\n") : cell.source}
        language="python"
        mark={exception?.line ?? died}
      />
      {lines.length > FEW && (
        <button type="button" class="nbt-quiet" onClick={() => setOpen(!open)}>
          {cut ? `show ${lines.length - FEW} more lines` : "show less"}
        </button>
      )}
      {exception && <Raised exception={exception} />}
    </li>
  );
}

const Fact = ({ name, children }: { name: string; children: string }) => (
  <span>
    <span class="nbt-muted">{name}</span> {children}
  </span>
);
