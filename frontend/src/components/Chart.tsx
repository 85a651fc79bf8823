import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { formatNumber } from "../model/format";
import type { Group } from "../model/groups";
import type { View } from "../view";
import { Plot, type Legend } from "./plot";

// Charts are made a little before they come into view.
const MARGIN = "300px";

export function Chart({ view, group }: { view: View; group: Group }) {
  const host = useRef<HTMLDivElement>(null);
  const legend = useSignal<Legend>({ at: null, readings: [], nans: 0 });
  const near = useIsNear(host);
  const keys = group.lines.map(({ key }) => key).join("\0");
  useEffect(() => {
    if (!near || !host.current) return;
    const plot = new Plot(host.current, view, group, legend);
    return () => plot.destroy();
  }, [near, view, keys]);
  const { at, readings, nans } = legend.value;
  const alone = group.lines.length === 1 ? readings[0] : undefined;
  const spoken = readings.map(({ name, value }) => `${name} ${formatNumber(value)}`).join(", ");
  return (
    <figure class="nbt-chart" aria-label={`${group.title}: ${spoken}`}>
      <figcaption>
        <span class="nbt-title nbt-cut" title={group.lines.map(({ key }) => key).join("\n")}>
          {group.title}
        </span>
        {at && <span class="nbt-muted nbt-number">{at}</span>}
        {alone && <b class="nbt-number">{formatNumber(alone.value)}</b>}
      </figcaption>
      <div ref={host} class="nbt-plot" />
      <p class="nbt-legend">
        {!alone &&
          readings.map(({ name, colour, value }) => (
            <span key={name}>
              <i style={{ background: colour }} />
              <span class="nbt-cut">{name}</span> <b class="nbt-number">{formatNumber(value)}</b>
            </span>
          ))}
        {nans > 0 && <span class="nbt-muted">{nans} NaN</span>}
      </p>
    </figure>
  );
}

function useIsNear(element: { current: Element | null }): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => setNear(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: MARGIN },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return near;
}
