import { signal } from "@preact/signals";
import { useMemo, useState } from "preact/hooks";

import { FigureChart } from "../../../components/Chart";
import { formatNumber } from "../../../model/format";
import type { TablePage } from "../../api";
import { get } from "../../client";
import { Problem } from "../../Problem";
import { useLoaded } from "../../useLoaded";
import type { RunState } from "../state";
import { columnOf, CurvesFigure, matrixOf, wordOf, type Chart, type Matrix } from "./chart";
import { BarsFigure } from "./histogram";
import { TableItem } from "./TableItem";

/** Rows that a chart is drawn of. */
const MOST = 5000;
/** Classes of a matrix that can be told apart. */
const CLASSES = 60;
const BINS = 40;

interface Props {
  state: RunState;
  title: string;
  file: string;
  chart: Chart;
}

/** A table that was logged as a chart; its rows are behind a button. */
export function ChartItem({ state, title, file, chart }: Props) {
  const [rows, setRows] = useState(false);
  const loaded = useLoaded(`${state.path} ${file}`, (abort) =>
    get<TablePage>(`${state.path}/media/tables/${file}`, { limit: MOST }, abort),
  );
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <div class="nbt-media-room" aria-busy="true" />;
  const table = loaded.value;
  return (
    <>
      {rows ? (
        <TableItem state={state} title={title} file={file} />
      ) : (
        <Drawn state={state} title={chart.title || title} chart={chart} table={table} />
      )}
      <p class="nbt-media-more">
        {table.total > table.rows.length && !rows && (
          <span class="nbt-muted">
            the first {table.rows.length.toLocaleString()} of {table.total.toLocaleString()} rows{" "}
          </span>
        )}
        <button type="button" onClick={() => setRows(!rows)}>
          {rows ? "chart" : "rows"}
        </button>
      </p>
    </>
  );
}

interface DrawnProps {
  state: RunState;
  title: string;
  chart: Chart;
  table: TablePage;
}

function Drawn({ state, title, chart, table }: DrawnProps) {
  if (chart.kind === "confusion") return <Confusion matrix={matrixOf(chart, table)} title={title} />;
  return <Figures state={state} title={title} chart={chart} table={table} />;
}

function Figures({ state, title, chart, table }: DrawnProps) {
  const figure = useMemo(() => {
    const place = { id: `nbtrack-chart-${title}`, zoom: signal(null), theme: state.view.theme };
    if (chart.kind === "bar") {
      const names = columnOf(table, chart.x).map(wordOf);
      const values = columnOf(table, chart.y).map((value) => (typeof value === "number" ? value : 0));
      const at = names.map((_, index) => index);
      const nameOf = (x: number) => (Number.isInteger(x) ? (names[x] ?? "") : "");
      return new BarsFigure(place, chart.y_title ?? chart.y ?? "", at, values, 0.4, nameOf);
    }
    if (chart.kind === "histogram") {
      const { x, counts, half } = binned(columnOf(table, chart.x));
      return new BarsFigure(place, "rows", x, counts, half, (value) => formatNumber(value));
    }
    return new CurvesFigure(place, chart, table);
  }, [chart, table, state, title]);
  const across = chart.x_title ?? chart.x;
  const up = chart.y_title ?? chart.y;
  return (
    <>
      <FigureChart figure={figure} title={title} />
      <p class="nbt-muted nbt-axes">
        across: {across}
        {up && ` · up: ${up}`}
      </p>
    </>
  );
}

/** Values counted into bins of the same width. */
function binned(values: readonly unknown[]) {
  const numbers = values.filter((one): one is number => typeof one === "number");
  const low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  const high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const width = high > low ? (high - low) / BINS : 1;
  const counts = Array.from({ length: numbers.length ? (high > low ? BINS : 1) : 0 }, () => 0);
  for (const one of numbers) {
    const at = Math.min(counts.length - 1, Math.floor((one - low) / width));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { x: counts.map((_, at) => low + (at + 0.5) * width), counts, half: width / 2 };
}

/** How often each class was taken for each. */
function Confusion({ matrix, title }: { matrix: Matrix; title: string }) {
  const { classes, counts } = matrix;
  const shown = classes.slice(0, CLASSES);
  const most = Math.max(1, ...counts.flat());
  return (
    <div class="nbt-scroll" tabIndex={0} role="group" aria-label={title}>
      <p class="nbt-matrix-title">
        <b>{title}</b> <span class="nbt-muted">actual ↓ · predicted →</span>
      </p>
      <table class="nbt-matrix" aria-label={`${title}: actual from top to bottom, predicted across`}>
        <thead>
          <tr>
            <td />
            {shown.map((name) => (
              <th key={name} scope="col" title={`predicted ${name}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((name, row) => (
            <tr key={name}>
              <th scope="row" title={`actual ${name}`}>
                {name}
              </th>
              {shown.map((other, column) => {
                const count = counts[row]?.[column] ?? 0;
                return (
                  <td
                    key={other}
                    class="nbt-number"
                    title={`${name} taken for ${other}: ${count.toLocaleString()}`}
                    style={{ "--nbt-share": `${Math.round((38 * count) / most)}%` }}
                  >
                    {formatNumber(count)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {classes.length > shown.length && (
        <p class="nbt-muted">{classes.length - shown.length} more classes: see the rows</p>
      )}
    </div>
  );
}
