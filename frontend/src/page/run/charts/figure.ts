import type { Figure, Place, Pointed } from "../../../components/plot";
import type { Group } from "../../../model/groups";
import { MAX_KEYS } from "../../../model/groups";
import type { Axis } from "../../../model/lines";
import { tracesOf, type Trace } from "../../../model/traces";
import type { SeriesOf } from "../../api";
import { onPick } from "../../picks";
import { Closeup, nameOf, refined, type Ask } from "./closeup";
import type { Size } from "./layout";
import type { PageView } from "./view";

const HEIGHTS: Record<Size, number> = { small: 110, medium: 170, large: 300 };
/** Buckets for each chart: as many as a wide screen has pixels. */
const BUCKETS = 1500;
/** Rows of a series that live messages hold one by one; of more they hold extremes. */
export const KEPT = 500;
/** How much beyond what is seen, so that curves go on to the edge. */
const BEYOND = 0.05;

/** The name by which a curve keeps a colour that a person gave it. */
export const curveName = (group: Group, trace: Pick<Trace, "name" | "attempt">) =>
  group.lines.length > 1 ? trace.name : `#${trace.attempt}`;

/** A chart of the run page: what a person made of it, and the stretch that is seen in full. */
export class PageFigure implements Figure {
  readonly closeup = new Closeup();

  constructor(
    private readonly view: PageView,
    readonly group: Group,
    private readonly open: (attempt: number) => void,
  ) {}

  /** What is across: `step`, `time`, `relative`, or `=` and a metric's key. */
  across(): string {
    return this.view.acrossOf(this.group.lines.map(({ key }) => key));
  }

  get place(): Place {
    return this.view.placeOf(this.across());
  }

  private get look() {
    return this.view.look(this.group.title);
  }

  axis = (): Axis => (this.across().startsWith("=") ? "value" : this.view.axis.value);
  log = () => this.look.log ?? this.view.log.value;
  range = () => [this.look.min ?? null, this.look.max ?? null] as const;
  height = () => HEIGHTS[this.view.layout.value.size];

  shape(): string {
    const { view, group } = this;
    return [
      this.across(),
      this.log(),
      this.range().join(),
      this.height(),
      JSON.stringify(this.look.colours ?? {}),
      view.smoothing.value,
      view.visible.value.map(({ n }) => n),
      view.attempts.value.map(({ n }) => n),
      group.lines.map(({ key }) => key),
    ].join("|");
  }

  /** The latest change of anything that the chart could draw. */
  revision(): number {
    const { model } = this.view;
    // Read, so that a message has the chart look whether it changed.
    void [model.revision.value, this.closeup.lines.value];
    let latest = 0;
    for (const { n } of [{ n: 0 }, ...this.view.attempts.value]) {
      for (const { key } of this.group.lines) {
        latest = Math.max(latest, model.metric(n, key)?.revision ?? 0);
      }
    }
    return latest + this.closeup.count * 1e9;
  }

  traces(): Trace[] {
    const { view, group } = this;
    const axis = this.axis();
    const isValue = axis === "value";
    const lines = this.closeup.lines.value;
    const traces = tracesOf(view.model, group, {
      axis,
      smoothing: view.smoothing.value,
      log: this.log(),
      attempts: view.visible.value,
      palette: view.attempts.value,
      line: (n, key, coarse) => {
        const fine = lines.get(nameOf(n, key));
        if (isValue) return fine ?? { x: [], y: [] };
        return fine && refined(coarse(), fine);
      },
    });
    const { colours } = this.look;
    if (!colours) return traces;
    return traces.map((trace) => ({
      ...trace,
      colour: (colours[curveName(group, trace)] ?? trace.colour) % MAX_KEYS,
    }));
  }

  listen(over: HTMLElement, closest: () => Pointed | null): void {
    onPick(over, closest, this.place, ({ attempt }) => this.open(attempt));
  }

  /** What has to be asked for to see what is seen now; nothing where the page has it all. */
  asks(): Ask[] {
    const { view, group } = this;
    const zoom = this.place.zoom.value;
    const axis = this.axis();
    if (!zoom && axis !== "value") return [];
    const attempts = [{ n: 0, started: 0 }, ...view.visible.value];
    const wanted = attempts.flatMap(({ n, started }) =>
      group.lines
        // The whole of it is here already if nothing had to be put together.
        .filter(
          ({ key }) => (view.model.metric(n, key)?.count ?? 0) > (axis === "value" ? 0 : KEPT),
        )
        .map(({ key }) => ({ run: view.run.run, key, attempt: n, started })),
    );
    if (!wanted.length) return [];
    const [from, to] = zoom ?? [null, null];
    const beyond = from !== null && to !== null ? (to - from) * BEYOND : 0;
    const ask = (some: SeriesOf[], x: string, scale: number, start: number): Ask => ({
      request: {
        store: view.run.store,
        series: some.map(({ run, key, attempt }) => ({ run, key, attempt: attempt ?? null })),
        x,
        start: from === null ? null : (from - beyond + start) * scale,
        end: to === null ? null : (to + beyond + start) * scale,
        buckets: BUCKETS,
      },
      x: (value) => value / scale - start,
    });
    if (axis === "value") return [ask(wanted, this.across().slice(1), 1, 0)];
    if (axis === "step") return [ask(wanted, "step", 1, 0)];
    if (axis === "time") return [ask(wanted, "time", 1e6, 0)];
    // Each attempt has a beginning of its own.
    return [...new Set(wanted.map(({ started }) => started))].map((started) =>
      ask(
        wanted.filter((one) => one.started === started),
        "time",
        1e6,
        started / 1e6,
      ),
    );
  }
}
