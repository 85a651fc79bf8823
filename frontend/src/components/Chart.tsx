import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { formatNumber } from "../model/format";
import type { Group } from "../model/groups";
import type { View } from "../view";
import { RunFigure } from "./figure";
import { useIsNear } from "./near";
import { HEIGHT, Plot, type Figure, type Legend } from "./plot";

/** The chart of a group of one run's metrics. */
export function Chart({ view, group }: { view: View; group: Group }) {
  const keys = group.lines.map(({ key }) => key);
  const figure = useMemo(() => new RunFigure(view, group), [view, keys.join("\0")]);
  return <FigureChart figure={figure} title={group.title} hint={keys.join("\n")} />;
}

interface Props {
  figure: Figure;
  title: string;
  /** What a pointer on the title is told. */
  hint?: string;
  /** What stands behind the title. */
  children?: ComponentChildren;
}

/** Any chart: its title, its curves, and what they are at the cursor. */
export function FigureChart({ figure, title, hint, children }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const legend = useSignal<Legend>({ at: null, readings: [], nans: 0 });
  const near = useIsNear(host);
  useEffect(() => {
    if (!near || !host.current) return;
    const plot = new Plot(host.current, figure, legend);
    return () => plot.destroy();
  }, [near, figure]);
  const format = figure.format ?? ((value: number) => formatNumber(value));
  const { at, readings, nans } = legend.value;
  const [first, second] = readings;
  const alone = first && !second && first.name === title ? first : undefined;
  const spoken = readings.map(({ name, value }) => `${name} ${format(value)}`).join(", ");
  return (
    <figure class="nbt-chart" aria-label={`${title}: ${spoken}`}>
      <figcaption>
        <span class="nbt-title nbt-cut" title={hint ?? title}>
          {title}
        </span>
        {at && <span class="nbt-muted nbt-number">{at}</span>}
        {alone && <b class="nbt-number">{format(alone.value)}</b>}
        {children}
      </figcaption>
      <div ref={host} class="nbt-plot" style={{ height: `${figure.height?.() ?? HEIGHT}px` }} />
      <p class="nbt-legend">
        {!alone &&
          readings.map(({ name, colour, value }) => (
            <span key={name}>
              <i style={{ background: colour }} />
              <span class="nbt-cut">{name}</span> <b class="nbt-number">{format(value)}</b>
            </span>
          ))}
        {nans > 0 && <span class="nbt-muted">{nans} NaN</span>}
      </p>
    </figure>
  );
}
