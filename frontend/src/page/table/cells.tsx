import { formatDuration, formatNumber } from "../../model/format";
import { StateIcon } from "../../components/StateIcon";
import type { RunRow } from "../api";
import { Link } from "../Link";
import { runUrl } from "../router";
import { SPARK, valueOf, type Shown } from "./columns";
import { ago, exactly, numberOf, short, whole } from "./format";
import { sparkPath, type Sparks } from "./sparks";
import { now } from "./useNow";

interface Props {
  run: RunRow;
  column: Shown;
  store: string;
  sparks: Sparks;
}

/** What a column shows of a run. */
export function Cell({ run, column, store, sparks }: Props) {
  switch (column.id) {
    case "name":
      return (
        <Link href={runUrl(store, run.id)} class="nbt-cut" title={run.name} tabIndex={-1}>
          {run.name || run.id}
        </Link>
      );
    case "state":
      return (
        <span class={`nbt-run-state nbt-is-${run.state}`} title={run.reason || run.state}>
          <StateIcon state={run.state} />
          {run.state}
        </span>
      );
    case "started":
    case "ended":
      return <Moment time={run[column.id]} />;
    case "seconds":
      return <Duration run={run} />;
    case "tags":
      return (
        <span class="nbt-grid-tags" title={run.tags.join(", ")}>
          {run.tags.map((tag) => (
            <span key={tag} class="nbt-grid-tag nbt-cut">
              {tag}
            </span>
          ))}
        </span>
      );
    default:
      if (column.id.startsWith(SPARK)) {
        return <SparkCell sparks={sparks} run={run} name={column.id.slice(SPARK.length)} />;
      }
      return <Value value={valueOf(run, column.id)} counts={column.id === "rows"} />;
  }
}

function Value({ value, counts }: { value: unknown; counts: boolean }) {
  const number = numberOf(value);
  if (number !== null) {
    return (
      <span class="nbt-number" title={String(value)}>
        {counts ? number.toLocaleString("en") : formatNumber(number)}
      </span>
    );
  }
  if (typeof value === "boolean") return <span class="nbt-muted">{String(value)}</span>;
  return (
    <span class="nbt-cut" title={whole(value)}>
      {short(value)}
    </span>
  );
}

function Moment({ time }: { time: number | null }) {
  if (time === null) return null;
  return (
    <time class="nbt-number" dateTime={new Date(time / 1e3).toISOString()} title={exactly(time)}>
      {ago(time, now.value)}
    </time>
  );
}

function Duration({ run }: { run: RunRow }) {
  const goes = run.seconds === null && run.state === "running";
  const seconds = goes ? (now.value * 1e3 - run.started) / 1e6 : run.seconds;
  if (seconds === null) return null;
  return (
    <span class="nbt-number" title={`${seconds.toFixed(1)} s`}>
      {formatDuration(goes ? Math.max(10, Math.floor(seconds)) : seconds)}
    </span>
  );
}

const WIDTH = 96;
const HEIGHT = 18;

/** A curve to glance at; the charts of the run's page show it. */
function SparkCell({ sparks, run, name }: { sparks: Sparks; run: RunRow; name: string }) {
  // Read, so that an answer has it drawn.
  void sparks.changes.value;
  const values = sparks.of(run.id, name);
  if (!values?.length) return null;
  const last = values.filter((value) => value !== null).at(-1);
  const label = `${name}: ${values.length} values, the last ${short(last)}`;
  return (
    <svg class="nbt-spark" viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} role="img" aria-label={label}>
      <path d={sparkPath(values, WIDTH, HEIGHT)} />
    </svg>
  );
}
