import { useState } from "preact/hooks";

import { Link } from "../Link";
import { runUrl, query, setQuery } from "../router";
import { short } from "../table/format";
import type { Comparison } from "./comparison";
import { bestOf, betterOf, differences, textOf, type Better, type Difference } from "./differences";

const NEXT = { low: "high", high: null } as const;
const WORDS = { low: ["↓", "the lowest is best"], high: ["↑", "the highest is best"] } as const;

/** Config and summary of the runs, beside each other. */
export function DifferenceTable({ comparison }: { comparison: Comparison }) {
  const [better, setBetter] = useState<ReadonlyMap<string, Better>>(new Map());
  const runs = comparison.visible.value;
  const all = query.value.get("all") === "1";
  const rows = differences(runs);
  const shown = rows.filter((row) => all || row.differs);
  if (!runs.length) return <p class="nbt-hint">no run is shown: choose some in the list</p>;
  return (
    <>
      <label class="nbt-compare-check">
        <input
          type="checkbox"
          checked={all}
          onChange={(event) => setQuery({ all: event.currentTarget.checked ? "1" : null })}
        />
        also what is the same in all
        <span class="nbt-muted">({rows.length - rows.filter(({ differs }) => differs).length})</span>
      </label>
      {!shown.length && <p class="nbt-hint">they do not differ in config or summary</p>}
      {shown.length > 0 && (
        <div class="nbt-differences" tabIndex={0} role="region" aria-label="differences">
          <table>
            <thead>
              <tr>
                <th scope="col">
                  <span class="nbt-muted">value</span>
                </th>
                {runs.map((run) => (
                  <th scope="col" key={run.id} title={run.name}>
                    <i class="nbt-swatch" data-line={comparison.colourOf(run.id)} />
                    <Link href={runUrl(comparison.store.value, run.id)} class="nbt-cut">
                      {run.name || run.id}
                    </Link>
                  </th>
                ))}
              </tr>
            </thead>
            {(["summary", "config"] as const).map((kind) => (
              <tbody key={kind}>
                {shown.some((row) => row.kind === kind) && (
                  <tr class="nbt-differences-kind">
                    <th scope="colgroup" colSpan={runs.length + 1}>
                      <span>{kind}</span>
                    </th>
                  </tr>
                )}
                {shown
                  .filter((row) => row.kind === kind)
                  .map((row) => (
                    <ValueRow
                      key={row.name}
                      row={row}
                      ids={runs.map(({ id }) => id)}
                      better={better.has(row.name) ? (better.get(row.name) ?? null) : betterOf(row)}
                      change={(next) => setBetter(new Map(better).set(row.name, next))}
                    />
                  ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  );
}

interface RowProps {
  row: Difference;
  ids: readonly string[];
  better: Better;
  change: (better: Better) => void;
}

function ValueRow({ row, ids, better, change }: RowProps) {
  const best = bestOf(row.values, better);
  const [sign, words] = better ? WORDS[better] : ["·", "none is best"];
  return (
    <tr class={row.differs ? undefined : "nbt-same"}>
      <th scope="row">
        <span class="nbt-difference-name">
          <span class="nbt-cut" title={row.name}>
            {row.name}
          </span>
          {row.numeric && row.kind === "summary" && (
            <button
              type="button"
              class="nbt-quiet"
              title={`${words}; click to change`}
              aria-label={`${row.name}: ${words}`}
              onClick={() => change(better ? NEXT[better] : "low")}
            >
              {sign}
            </button>
          )}
        </span>
      </th>
      {row.values.map((value, at) => (
        <td
          key={ids[at]}
          class={`${row.numeric ? "nbt-grid-cell-right" : ""}${best.has(at) ? " nbt-best" : ""}`}
          title={textOf(value)}
        >
          {value === undefined ? (
            <span class="nbt-muted" aria-label="none">
              –
            </span>
          ) : (
            short(value)
          )}
          {best.has(at) && <span class="nbt-hidden"> (best)</span>}
        </td>
      ))}
    </tr>
  );
}
