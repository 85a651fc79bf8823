import { signal } from "@preact/signals";

import type uPlot from "uplot";

import { nameAt, shade, type Band } from "../../../components/bands";
import type { Figure, Place } from "../../../components/plot";
import { formatBytes, formatNumber } from "../../../model/format";
import type { Trace } from "../../../model/traces";
import type { CellDetail } from "../../api";
import { Closeup, nameOf, refined, type Ask } from "../charts/closeup";
import { KEPT } from "../charts/figure";
import type { RunState } from "../state";
import type { Panel } from "./panels";

/** A limit further away than that would leave nothing to see of what is used. */
const NEAR = 0.15;
const BUCKETS = 1500;
/** Steps of an axis of bytes, and of one of percent, degrees or watts. */
const POWERS = Array.from({ length: 50 }, (_, at) => 2 ** at);
const TENS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000];

/** What the charts of a machine have in common: the stretch of time, and the cells behind it. */
export class SystemPlace implements Place {
  readonly zoom = signal<[number, number] | null>(null);
  readonly bandsNow = signal<readonly Band[]>([]);
  readonly theme;
  readonly id: string;

  constructor(readonly state: RunState) {
    this.theme = state.view.theme;
    this.id = `${state.view.id}-system`;
  }

  /** From the first sample to the last: the same for all charts, though not all begin with it. */
  extent(): [number, number] | null {
    const { model } = this.state;
    let [first, last] = [Infinity, -Infinity];
    for (const key of model.systemKeys()) {
      const points = model.system(key)?.points ?? [];
      first = Math.min(first, points[0] ?? Infinity);
      last = Math.max(last, points[points.length - 2] ?? -Infinity);
    }
    return last > first ? [first / 1e6, last / 1e6] : null;
  }

  setCells(cells: readonly CellDetail[]): void {
    this.bandsNow.value = bandsOf(cells, this.state.until() / 1e6);
  }
}

export function bandsOf(cells: readonly CellDetail[], now: number): Band[] {
  return cells.flatMap((cell) => {
    if (cell.started === null) return [];
    const failed = cell.state === "failed" || cell.state === "crashed";
    return {
      from: cell.started / 1e6,
      to: cell.ended === null ? now : cell.ended / 1e6,
      name: `cell ${cell.label}`,
      colour: failed ? "bad" : cell.attempt !== null ? "accent" : "muted",
    };
  });
}

export class SystemFigure implements Figure {
  readonly closeup = new Closeup();

  constructor(
    readonly place: SystemPlace,
    readonly panel: Panel,
  ) {}

  axis = () => "time" as const;
  log = () => false;
  height = () => 170;
  extent = () => this.place.extent();
  at = (x: number) => nameAt(this.place.bandsNow.value, x);

  behind(plot: uPlot, colour: (name: string) => string): void {
    shade(plot, this.place.bandsNow.value, colour);
  }

  range = () => [0, this.panel.unit === "%" && this.panel.curves.length < 2 ? 100 : null] as const;

  format = (value: number): string => {
    const { unit } = this.panel;
    if (unit === "B" || unit === "B/s") {
      if (Number.isNaN(value)) return "–";
      return formatBytes(value) + unit.slice(1);
    }
    return `${formatNumber(value, 3)} ${unit}`;
  };

  steps = () => (this.panel.unit.startsWith("B") ? { incrs: POWERS } : { incrs: TENS });

  shape(): string {
    return JSON.stringify([this.panel, this.place.bandsNow.value.length, this.limit() !== null]);
  }

  revision(): number {
    const { model } = this.place.state;
    void [model.revision.value, this.closeup.lines.value];
    const latest = this.panel.curves.map(({ key }) => model.system(key)?.revision ?? 0);
    return Math.max(0, ...latest) + this.closeup.count * 1e9;
  }

  /** What is not to be reached, if anything came near. */
  private limit(): number | null {
    const { model } = this.place.state;
    void model.revision.value;
    const limit = this.panel.limit && model.system(this.panel.limit)?.lastY;
    if (!limit) return null;
    const most = Math.max(
      ...this.panel.curves.map(({ key }) =>
        (model.system(key)?.points ?? new Float64Array()).reduce(
          (max, y, at) => (at % 2 && y > max ? y : max),
          0,
        ),
      ),
    );
    return most > NEAR * limit ? limit : null;
  }

  traces(): Trace[] {
    const { model } = this.place.state;
    const traces = this.panel.curves.flatMap(({ key, name }, at): Trace[] => {
      const found = model.system(key);
      if (!found) return [];
      const coarse = line(found.points);
      const fine = this.closeup.lines.value.get(nameOf(-1, key));
      const { x, y } = fine ? refined(coarse, fine) : coarse;
      const shared = { strong: true, faint: false, nans: 0, attempt: -1 };
      return [{ ...shared, colour: at, x, y, name, last: found.lastY }];
    });
    const limit = this.limit();
    const [first] = traces;
    if (limit !== null && first?.x.length) {
      const ends = [first.x[0] ?? 0, first.x.at(-1) ?? 0];
      const shared = { strong: true, faint: false, nans: 0, attempt: -1, dashed: true };
      traces.push({ ...shared, colour: 4, x: ends, y: [limit, limit], name: "limit", last: limit });
    }
    return traces.reverse();
  }

  asks(): Ask[] {
    const zoom = this.place.zoom.value;
    if (!zoom) return [];
    const { state } = this.place;
    const thinned = ({ key }: { key: string }) => (state.model.system(key)?.count ?? 0) > KEPT;
    if (!this.panel.curves.some(thinned)) return [];
    return [
      {
        request: {
          store: state.store,
          series: this.panel.curves.map(({ key }) => ({
            run: state.run,
            key,
            attempt: -1,
            kind: "system",
          })),
          x: "time",
          start: zoom[0] * 1e6,
          end: zoom[1] * 1e6,
          buckets: BUCKETS,
        },
        x: (value) => value / 1e6,
      },
    ];
  }
}

function line(points: Float64Array): { x: number[]; y: (number | null)[] } {
  const x: number[] = [];
  const y: (number | null)[] = [];
  for (let at = 0; at < points.length; at += 2) {
    const [px, py] = [(points[at] ?? NaN) / 1e6, points[at + 1] ?? NaN];
    if (x.length && px <= (x.at(-1) ?? 0)) continue;
    x.push(px);
    y.push(Number.isFinite(py) ? py : null);
  }
  return { x, y };
}
