import { StateIcon } from "../../../components/StateIcon";
import { formatDuration, formatNumber } from "../../../model/format";
import type { AttemptDetail, RunDetail } from "../../api";
import { Link } from "../../Link";
import { runUrl } from "../../router";
import { differing, flatten, textOf } from "./flatten";

/** Columns of each kind, so that the table stays one. */
const MOST = 6;

/** What ran, and what came of it: one line for each attempt. */
export function AttemptsTable({ detail }: { detail: RunDetail }) {
  const { attempts } = detail;
  if (!attempts.length) return null;
  const config = attempts.length > 1 ? differing(attempts.map((one) => one.config)) : [];
  const summary = [...new Set(attempts.flatMap((one) => numbersOf(one)))];
  const shown = [...config.slice(0, MOST)];
  return (
    <section class="nbt-box nbt-box-wide" aria-label="Attempts">
      <h2>
        Attempts <span class="nbt-muted nbt-number">{attempts.length}</span>
      </h2>
      <div class="nbt-scroll" tabIndex={0}>
        <table class="nbt-table">
          <thead>
            <tr>
              <th scope="col">attempt</th>
              <th scope="col">state</th>
              <th scope="col" class="nbt-right">
                took
              </th>
              <th scope="col" class="nbt-right">
                rows
              </th>
              {shown.map((key) => (
                <th scope="col" key={key} class="nbt-right">
                  {key}
                </th>
              ))}
              {summary.slice(0, MOST).map((key) => (
                <th scope="col" key={`s ${key}`} class="nbt-right">
                  {key}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...attempts].reverse().map((one) => {
              const values = new Map(flatten(one.config).map(({ key, text }) => [key, text]));
              return (
                <tr key={one.n}>
                  <th scope="row">
                    <Link href={`${runUrl(detail.store, detail.id, "charts")}?attempt=${one.n}`}>
                      {nameOf(one)}
                    </Link>
                    {one.cell_try > 1 && <span class="nbt-muted"> try {one.cell_try}</span>}
                  </th>
                  <td>
                    <span class={`nbt-cell-state nbt-is-${one.state}`}>
                      <StateIcon state={one.state} />
                      {one.state}
                    </span>
                  </td>
                  <td class="nbt-right nbt-number">
                    {one.wall_seconds === null ? "" : formatDuration(one.wall_seconds)}
                  </td>
                  <td class="nbt-right nbt-number">{one.rows.toLocaleString()}</td>
                  {shown.map((key) => (
                    <td key={key} class="nbt-right nbt-number">
                      {values.get(key) ?? ""}
                    </td>
                  ))}
                  {summary.slice(0, MOST).map((key) => (
                    <td key={`s ${key}`} class="nbt-right nbt-number">
                      {show(one.summary[key])}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const nameOf = ({ n, name, label }: AttemptDetail) =>
  name === label ? label : `${name ?? `#${n}`} ${label}`;

const numbersOf = ({ summary }: AttemptDetail) =>
  Object.entries(summary).flatMap(([key, value]) => (typeof value === "number" ? [key] : []));

const show = (value: unknown) =>
  typeof value === "number" ? formatNumber(value, 5) : textOf(value);
