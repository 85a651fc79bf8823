import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Cells, LogLine, Logs } from "../../api";
import { ApiError, apiUrl, get } from "../../client";
import { useLoaded } from "../../useLoaded";
import { Problem } from "../../Problem";
import type { RunState } from "../state";
import { useParam } from "../useParam";
import { Ansi } from "./ansi";
import { withNewer, withOlder, type Shown } from "./lines";

const LIMIT = 1000;
const INTERVAL = 1000;
/** Pixels from the end at which one means to be there. */
const AT_END = 24;
const WRAP = "nbtrack.wrap";

/** All that was printed. */
export function LogsTab({ state }: { state: RunState }) {
  const [search, setSearch] = useParam("find");
  const [cell, setCell] = useParam("in");
  const [wrap, setWrap] = useState(() => localStorage.getItem(WRAP) !== "0");
  const log = useLog(state, search, cell);
  const cells = useLoaded(`${state.path} ${state.state.value}`, (abort) =>
    get<Cells>(`${state.path}/cells`, {}, abort),
  );
  const { shown, error, again, older } = log;
  return (
    <div class="nbt-logs">
      <div class="nbt-bar-top">
        <input
          type="search"
          class="nbt-search"
          placeholder="search the log"
          aria-label="search the log"
          value={search}
          onInput={({ currentTarget: { value } }) => setSearch(value || null)}
        />
        {(cells.value?.cells.length ?? 0) > 0 && (
          <select
            aria-label="lines of which cell"
            value={cell}
            onChange={({ currentTarget: { value } }) => setCell(value || null)}
          >
            <option value="">all cells</option>
            {cells.value?.cells.map(({ n, label, source }) => (
              <option key={n} value={n}>
                {label} {firstLine(source)}
              </option>
            ))}
          </select>
        )}
        <label class="nbt-check">
          <input
            type="checkbox"
            checked={wrap}
            onChange={({ currentTarget: { checked } }) => {
              setWrap(checked);
              localStorage.setItem(WRAP, checked ? "1" : "0");
            }}
          />
          wrap
        </label>
        <span class="nbt-muted nbt-number nbt-grow" role="status">
          {shown && countText(shown, Boolean(search || cell))}
        </span>
        <a class="nbt-button" href={apiUrl(`${state.path}/logs/download`)} download>
          download all
        </a>
      </div>
      {error && <Problem error={error} again={again} />}
      {!shown && !error && <p class="nbt-hint">loading the log …</p>}
      {shown && !shown.lines.length && (
        <div class="nbt-empty">
          {search || cell ? (
            <>
              <p>No line matches.</p>
              <button
                type="button"
                onClick={() => {
                  setSearch(null);
                  setCell(null);
                }}
              >
                show all lines
              </button>
            </>
          ) : (
            <>
              <p>Nothing was printed{state.running.value ? " yet" : ""}.</p>
              <p class="nbt-muted">What cells print, show and return comes here.</p>
            </>
          )}
        </div>
      )}
      {shown && shown.lines.length > 0 && (
        <Lines shown={shown} wrap={wrap} search={search} older={older} key={`${search} ${cell}`} />
      )}
    </div>
  );
}

const firstLine = (source: string) => {
  const line = source.split("\n").find((one) => one.trim() && !one.startsWith("%%")) ?? "";
  return line.length > 50 ? `${line.slice(0, 50)}…` : line;
};

function countText({ lines, total, matched }: Shown, some: boolean): string {
  const of = some
    ? `${matched.toLocaleString()} of ${total.toLocaleString()}`
    : total.toLocaleString();
  const text = `${of} ${total === 1 ? "line" : "lines"}`;
  return lines.length < matched ? `the last ${lines.length.toLocaleString()} · ${text}` : text;
}

interface Log {
  shown: Shown | null;
  error: ApiError | null;
  again: () => void;
  older: () => Promise<void>;
}

/** The lines, newer ones as they come. */
function useLog(state: RunState, search: string, cell: string): Log {
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [count, setCount] = useState(0);
  const known = useRef<Shown | null>(null);
  const take = (next: Shown) => {
    known.current = next;
    setShown(next);
  };
  const running = state.running.value;
  const query = { search, cell: cell || null, limit: LIMIT };
  useEffect(() => {
    const abort = new AbortController();
    known.current = null;
    const fetch = async () => {
      try {
        const found = await get<Logs>(`${state.path}/logs`, query, abort.signal);
        if (abort.signal.aborted) return;
        const next = known.current && withNewer(known.current, found);
        take(next ?? found);
        setError(null);
      } catch (failure) {
        if (!abort.signal.aborted) setError(failure as ApiError);
      }
    };
    // A person who types has not asked yet.
    let timer = setTimeout(
      function next() {
        const done = document.hidden && known.current ? Promise.resolve() : fetch();
        void done.then(() => {
          if (running && !abort.signal.aborted) timer = setTimeout(next, INTERVAL);
        });
      },
      search ? 200 : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [state, search, cell, running, count]);
  const older = async () => {
    const before = known.current?.lines[0]?.number;
    if (!before || before <= 1) return;
    try {
      const found = await get<Logs>(`${state.path}/logs`, { ...query, before });
      if (known.current?.lines[0]?.number === before) take(withOlder(known.current, found));
    } catch (failure) {
      setError(failure as ApiError);
    }
  };
  return { shown, error, again: () => setCount(count + 1), older };
}

interface LinesProps {
  shown: Shown;
  wrap: boolean;
  search: string;
  older: () => Promise<void>;
}

/** The lines themselves: at their end until somebody scrolls up, where older ones come. */
function Lines({ shown, wrap, older }: LinesProps) {
  const box = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [isAtEnd, setAtEnd] = useState(true);
  const busy = useRef(false);
  const before = useRef<{ first: number; height: number } | null>(null);
  const first = shown.lines[0]?.number ?? 0;
  const all = shown.lines.length >= shown.matched || first <= 1;
  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    if (follows.current) current.scrollTop = current.scrollHeight;
    else if (before.current && before.current.first !== first) {
      // What is read stays where it is while lines come above it.
      current.scrollTop += current.scrollHeight - before.current.height;
    }
    before.current = { first, height: current.scrollHeight };
  }, [shown, wrap]);
  const more = async () => {
    if (busy.current || all) return;
    busy.current = true;
    await older();
    busy.current = false;
  };
  return (
    <div class="nbt-log-frame">
      <div
        ref={box}
        class={`nbt-log${wrap ? " nbt-wrap" : ""}`}
        role="log"
        aria-label="log"
        aria-live="off"
        tabIndex={0}
        onScroll={({ currentTarget: at }) => {
          follows.current = at.scrollHeight - at.scrollTop - at.clientHeight < AT_END;
          setAtEnd(follows.current);
          if (at.scrollTop < 200) void more();
        }}
      >
        {!all && (
          <button type="button" class="nbt-quiet nbt-older" onClick={() => void more()}>
            older lines
          </button>
        )}
        {shown.lines.map((line, at) => (
          <Line key={line.number} line={line} isFirst={line.cell !== shown.lines[at - 1]?.cell} />
        ))}
      </div>
      {!isAtEnd && (
        <button
          type="button"
          class="nbt-to-end"
          onClick={() => box.current?.scrollTo({ top: box.current.scrollHeight })}
        >
          ↓ to the end
        </button>
      )}
    </div>
  );
}

function Line({ line, isFirst }: { line: LogLine; isFirst: boolean }) {
  const error = line.stream === "stderr";
  return (
    <div
      class={`nbt-log-line nbt-log-${line.stream}`}
      title={`${new Date(line.time / 1e3).toLocaleTimeString()}${line.label ? ` · cell ${line.label}` : ""} · ${line.stream}`}
    >
      <span class="nbt-log-number" aria-hidden="true" data-number={line.number} />
      <span
        class="nbt-log-cell"
        aria-hidden="true"
        data-label={isFirst ? (line.label ?? "") : ""}
      />
      <span class="nbt-log-text">
        {error && <span class="nbt-unseen">error output: </span>}
        <Ansi text={line.text} />
      </span>
    </div>
  );
}
