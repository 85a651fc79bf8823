import type { ComponentChildren } from "preact";

import type { Axis } from "../model/lines";
import type { View } from "../view";

const AXES: [Axis, string, string][] = [
  ["step", "step", "the step of each row"],
  ["time", "time", "the time of day of each row"],
  ["relative", "relative", "the time since each attempt began"],
];

/** What the bar shows and changes. */
type Choices = Pick<
  View,
  "axis" | "badPattern" | "log" | "search" | "setAxis" | "smoothing" | "zoom"
>;

/** The notebook has keys of its own. */
const keep = (event: Event) => event.stopPropagation();

/** How charts are drawn; `children` stand behind the axes. */
export function Toolbar({ view, children }: { view: Choices; children?: ComponentChildren }) {
  const bad = view.badPattern.value;
  return (
    <div class="nbt-tools" role="toolbar" aria-label="charts">
      <input
        class="nbt-search"
        type="search"
        placeholder="search metrics (regex)"
        aria-label="search metrics by regular expression"
        aria-invalid={bad}
        title={bad ? "not a regular expression yet" : undefined}
        value={view.search.value}
        onInput={(event) => (view.search.value = event.currentTarget.value)}
        onKeyDown={keep}
      />
      <label class="nbt-smooth">
        smooth
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={view.smoothing.value}
          onInput={(event) => (view.smoothing.value = Number(event.currentTarget.value))}
          onKeyDown={keep}
        />
        <span class="nbt-number">{view.smoothing.value.toFixed(2)}</span>
      </label>
      <button
        type="button"
        aria-pressed={view.log.value}
        title="logarithmic values"
        onClick={() => (view.log.value = !view.log.value)}
      >
        log
      </button>
      <span class="nbt-choice" role="group" aria-label="horizontal axis">
        {AXES.map(([axis, name, title]) => (
          <button
            type="button"
            key={axis}
            aria-pressed={view.axis.value === axis}
            title={title}
            onClick={() => view.setAxis(axis)}
          >
            {name}
          </button>
        ))}
      </span>
      {children}
      {view.zoom.value && (
        <button type="button" onClick={() => (view.zoom.value = null)}>
          reset zoom
        </button>
      )}
    </div>
  );
}
