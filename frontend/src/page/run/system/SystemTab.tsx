import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { FigureChart } from "../../../components/Chart";
import { useIsNear } from "../../../components/near";
import { formatBytes } from "../../../model/format";
import type { Cells } from "../../api";
import { get } from "../../client";
import { useLoaded } from "../../useLoaded";
import type { RunState } from "../state";
import { SystemFigure, SystemPlace } from "./figure";
import { panelsOf, type Panel } from "./panels";

/** What the machine did meanwhile. */
export function SystemTab({ state }: { state: RunState }) {
  const place = useMemo(() => new SystemPlace(state), [state]);
  const attempts = state.model.card.value?.attempts.map(({ n, state }) => `${n} ${state}`).join();
  const cells = useLoaded(`${state.state.value} ${attempts}`, (abort) =>
    get<Cells>(`${state.path}/cells`, {}, abort),
  );
  useEffect(() => {
    if (cells.value) place.setCells(cells.value.cells);
  }, [cells.value]);
  // Read, so that a key that comes later is drawn, too.
  const keys = state.model.revision.value >= 0 ? state.model.systemKeys() : [];
  const names = [...keys].sort().join();
  const panels = useMemo(() => panelsOf(new Set(keys)), [names]);
  if (!panels.length) {
    const waits = state.flow.value !== "nothing" && !state.model.card.value;
    if (waits) {
      return (
        <p class="nbt-hint" role="status">
          loading what the machine did …
        </p>
      );
    }
    return (
      <div class="nbt-empty">
        <p>Nothing of the machine was recorded in this run.</p>
        <p class="nbt-muted">
          The recorder samples it every two seconds; a run that was shorter, or without a recorder,
          has no samples. <code>nbtrack doctor</code> says whether it works here.
        </p>
      </div>
    );
  }
  return (
    <div class="nbt-run-charts nbt-size-large">
      <div class="nbt-bar-top">
        <p class="nbt-key">
          {cells.value?.cells.some(({ attempt }) => attempt !== null) && (
            <span>
              <i class="nbt-band nbt-band-tracked" /> tracked cell
            </span>
          )}
          {cells.value?.cells.some(({ attempt }) => attempt === null) && (
            <span>
              <i class="nbt-band" /> other cell
            </span>
          )}
          {cells.value?.cells.some((one) => ["failed", "crashed"].includes(one.state)) && (
            <span>
              <i class="nbt-band nbt-band-failed" /> failed
            </span>
          )}
          <span class="nbt-muted">drag across a chart to zoom, double-click to see all</span>
        </p>
        {place.zoom.value && (
          <button type="button" onClick={() => (place.zoom.value = null)}>
            reset zoom
          </button>
        )}
      </div>
      <div class="nbt-charts">
        {panels.map((panel) => (
          <PanelChart key={panel.title} place={place} panel={panel} />
        ))}
      </div>
    </div>
  );
}

function PanelChart({ place, panel }: { place: SystemPlace; panel: Panel }) {
  const host = useRef<HTMLDivElement>(null);
  const near = useIsNear(host);
  const figure = useMemo(() => new SystemFigure(place, panel), [place, panel]);
  useEffect(() => {
    if (!near) return;
    let asked = "";
    const end = effect(() => {
      const asks = figure.asks();
      const now = JSON.stringify(asks.map(({ request }) => request));
      if (now !== asked) figure.closeup.want(asks);
      asked = now;
    });
    return () => {
      end();
      figure.closeup.stop();
    };
  }, [near, figure]);
  const limit = panel.limit && place.state.model.system(panel.limit)?.lastY;
  return (
    <div ref={host} class="nbt-card">
      <FigureChart
        figure={figure}
        title={panel.title}
        hint={panel.curves.map(({ key }) => key).join("\n")}
      >
        {limit && <span class="nbt-muted nbt-number">of {formatBytes(limit)}</span>}
      </FigureChart>
    </div>
  );
}
