import type { Group } from "../model/groups";
import { tracesOf, type Trace } from "../model/traces";
import type { View } from "../view";
import type { Figure, Place } from "./plot";

/** A group of metrics of one run, as a view of it has them drawn. */
export class RunFigure implements Figure {
  readonly place: Place;

  constructor(
    private readonly view: View,
    readonly group: Group,
  ) {
    this.place = view;
  }

  axis = () => this.view.axis.value;
  log = () => this.view.log.value;

  shape(): string {
    const { view } = this;
    return [
      view.axis.value,
      view.log.value,
      view.smoothing.value,
      view.visible.value.map(({ n }) => n),
      view.attempts.value.map(({ n }) => n),
      this.group.lines.map(({ key }) => key),
    ].join("|");
  }

  /** The latest change of anything that the chart could draw. */
  revision(): number {
    const { model } = this.view;
    // Read, so that a message has the chart look whether it changed.
    void model.revision.value;
    let latest = 0;
    for (const { n } of [{ n: 0 }, ...this.view.attempts.value]) {
      for (const { key } of this.group.lines) {
        latest = Math.max(latest, model.metric(n, key)?.revision ?? 0);
      }
    }
    return latest;
  }

  traces(): Trace[] {
    const { view } = this;
    return tracesOf(view.model, this.group, {
      axis: view.axis.value,
      smoothing: view.smoothing.value,
      log: view.log.value,
      attempts: view.visible.value,
      palette: view.attempts.value,
    });
  }
}
