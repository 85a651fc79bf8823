import { StateIcon } from "../../../components/StateIcon";
import type { PartDetail, PartDifference } from "../../api";
import { textOf } from "./flatten";
import { dateTime } from "./Facts";

/** Differences of a part that are in sight, and letters of one that are. */
const FEW = 4;
const LONG = 80;
const COMMIT = 10;

/** What each process recorded of a run that was resumed, and what was not as at first. */
export function Parts({ parts }: { parts: readonly PartDetail[] }) {
  if (parts.length < 2) return null;
  const hasRows = parts.every(({ rows }) => rows !== null);
  return (
    <section class="nbt-box nbt-box-wide" aria-label="Parts">
      <h2>
        Parts <span class="nbt-muted nbt-number">{parts.length}</span>
      </h2>
      <div class="nbt-scroll" tabIndex={0} role="group" aria-label="the parts as a table">
        <table class="nbt-table nbt-parts">
          <thead>
            <tr>
              <th scope="col">part</th>
              <th scope="col">began</th>
              <th scope="col">ended</th>
              <th scope="col">machine</th>
              <th scope="col">attempts</th>
              {hasRows && (
                <th scope="col" class="nbt-right">
                  rows
                </th>
              )}
              <th scope="col">differs from the first in</th>
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <tr key={part.n}>
                <th scope="row" class="nbt-number">
                  {part.n}
                </th>
                <td class="nbt-number">{part.started !== null && dateTime(part.started)}</td>
                <td class="nbt-number">
                  <span class={`nbt-cell-state nbt-is-${part.state}`}>
                    <StateIcon state={part.state} />
                    {part.state}
                  </span>
                  <div class="nbt-muted">{endOf(part)}</div>
                </td>
                <td>
                  {part.host}
                  {part.user && <div class="nbt-muted">{part.user}</div>}
                </td>
                <td class="nbt-number">{rangesOf(part.attempts) || "none"}</td>
                {hasRows && (
                  <td class="nbt-right nbt-number">{part.rows?.toLocaleString()}</td>
                )}
                <td>{part.n > 1 && <Differences all={part.differences} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function endOf({ ended, started, state }: PartDetail): string {
  if (ended !== null) {
    const [from, to] = [new Date((started ?? 0) / 1e3), new Date(ended / 1e3)];
    return from.toDateString() === to.toDateString()
      ? to.toLocaleTimeString(undefined, { timeStyle: "medium" })
      : dateTime(ended);
  }
  return state === "running" ? "" : "nobody saw it end";
}

function Differences({ all }: { all: readonly PartDifference[] }) {
  if (!all.length) return <span class="nbt-muted">nothing</span>;
  // Packages are many, and come last.
  const sorted = [...all].sort((a, b) => Number(isPackage(a)) - Number(isPackage(b)));
  const shown = sorted.length > FEW + 1 ? FEW : sorted.length;
  const rest = sorted.slice(shown);
  return (
    <>
      <Lines all={sorted.slice(0, shown)} />
      {rest.length > 0 && (
        <details>
          <summary>{`${rest.length} more${rest.every(isPackage) ? " packages" : ""}`}</summary>
          <Lines all={rest} />
        </details>
      )}
    </>
  );
}

function Lines({ all }: { all: readonly PartDifference[] }) {
  return (
    <ul class="nbt-differs">
      {all.map((one) => (
        <li key={one.what}>
          <Line difference={one} />
        </li>
      ))}
    </ul>
  );
}

function Line({ difference }: { difference: PartDifference }) {
  const [kind, name] = namesOf(difference.what);
  const { before, now } = difference;
  const values = valuesOf(difference);
  const head = (
    <>
      <span class="nbt-muted">{kind}</span>
      {name && <b> {name}</b>}
    </>
  );
  if (values.length <= LONG) {
    return (
      <>
        {head} {values}
      </>
    );
  }
  return (
    <details>
      <summary>
        <span>
          {head} {values.slice(0, LONG / 2)}…
        </span>
      </summary>
      <p class="nbt-muted">in the first part</p>
      <pre tabIndex={0}>{before === null ? "none" : textOf(before)}</pre>
      <p class="nbt-muted">in this part</p>
      <pre tabIndex={0}>{now === null ? "none" : textOf(now)}</pre>
    </details>
  );
}

const isPackage = ({ what }: PartDifference) => what.startsWith("package ");

/** What kind of thing differs, and its name among those. */
function namesOf(what: string): [string, string] {
  const [, kind, name] = /^(config\.|package )(.*)$/s.exec(what) ?? [];
  if (kind) return [kind === "config." ? "config" : "package", name ?? ""];
  return [what === "patch" ? "changes since the commit" : what, ""];
}

function valuesOf({ what, before, now }: PartDifference): string {
  if (what === "patch") {
    return before === null ? "there were none" : now === null ? "are gone" : "are others";
  }
  const show = (value: unknown) =>
    what === "commit" ? textOf(value).slice(0, COMMIT) : textOf(value);
  if (before === null) return `${show(now)} (new)`;
  return `${show(before)} → ${now === null ? "none" : show(now)}`;
}

/** `1–3, 7`: numbers that follow each other as one. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
