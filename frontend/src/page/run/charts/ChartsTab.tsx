import { useEffect, useMemo } from "preact/hooks";

import { Attempts } from "../../../components/Attempts";
import { Toolbar } from "../../../components/Toolbar";
import { go, runUrl } from "../../router";
import { setQuery } from "../../router";
import { MediaSections, useMediaKeys } from "../media/MediaSections";
import type { RunState } from "../state";
import { ChartCard } from "./ChartCard";
import { moved, sectionsOf, SIZES, type Section } from "./layout";
import { SavedViews } from "./SavedViews";

/** All metrics of a run as charts. */
export function ChartsTab({ state }: { state: RunState }) {
  const { view } = state;
  useEffect(() => view.remember(), [view]);
  const open = (attempt: number) => openCell(state, attempt);
  const media = useMediaKeys(state);
  const none = !view.model.keys.value.length;
  if (none && !media.value?.keys.length) return <NoMetrics state={state} />;
  const { layout } = view;
  const groups = view.groups.value.filter((group) => !view.isHidden(group));
  const hidden = view.groups.value.filter((group) => view.isHidden(group));
  const sections = sectionsOf(groups, layout.value.order);
  return (
    <div class={`nbt-run-charts nbt-size-${layout.value.size}`}>
      <div class="nbt-bar-top">
        <Toolbar view={view}>
          <Across state={state} />
          <span class="nbt-choice" role="group" aria-label="size of the charts">
            {SIZES.map((size) => (
              <button
                type="button"
                key={size}
                title={`${size} charts`}
                aria-pressed={layout.value.size === size}
                onClick={() => view.setSize(size)}
              >
                {size[0]?.toUpperCase()}
              </button>
            ))}
          </span>
        </Toolbar>
        <SavedViews view={view} />
      </div>
      <Chosen state={state} />
      <Attempts view={view} />
      {hidden.length > 0 && (
        <p class="nbt-muted">
          {hidden.length} hidden{" "}
          <button
            type="button"
            onClick={() => hidden.forEach(({ title }) => view.setLook(title, { hidden: false }))}
          >
            show again
          </button>
        </p>
      )}
      {!groups.length && !none && (
        <p class="nbt-hint">
          no metric matches{" "}
          <button type="button" onClick={() => (view.search.value = "")}>
            show all
          </button>
        </p>
      )}
      {sections.map((section) => (
        <ChartSection
          key={section.name}
          state={state}
          section={section}
          open={open}
          alone={sections.length === 1}
        />
      ))}
      <MediaSections state={state} loaded={media} />
    </div>
  );
}

interface SectionProps {
  state: RunState;
  section: Section;
  open: (attempt: number) => void;
  alone: boolean;
}

function ChartSection({ state, section, open, alone }: SectionProps) {
  const { view } = state;
  const { name, groups } = section;
  const titles = useMemo(() => groups.map(({ title }) => title), [groups]);
  const folded = !alone && view.layout.value.folded.includes(name);
  const move = (title: string, to: number) =>
    view.order(moved(titles, title, to, view.layout.peek().order));
  return (
    <section class="nbt-section" aria-label={name || "metrics"}>
      {!alone && (
        <h2>
          <button
            type="button"
            class="nbt-quiet nbt-fold"
            aria-expanded={!folded}
            onClick={() => view.fold(name)}
          >
            <span aria-hidden="true">{folded ? "▸" : "▾"}</span> {name || "metrics"}{" "}
            <span class="nbt-muted nbt-number">{groups.length}</span>
          </button>
        </h2>
      )}
      {!folded && (
        <div class="nbt-charts">
          {groups.map((group, at) => (
            <ChartCard
              key={group.title}
              view={view}
              group={group}
              open={open}
              at={at}
              move={move}
              place={(title) => titles.indexOf(title)}
            />
          ))}
        </div>
      )}
    </section>
  );
}

/** What is across, where it is another metric. */
function Across({ state }: { state: RunState }) {
  const { view } = state;
  const chosen = view.axis.value === "value" ? view.metric.value : "";
  return (
    <select
      class="nbt-across"
      aria-label="a metric as horizontal axis"
      title="a metric as horizontal axis"
      value={chosen}
      onChange={({ currentTarget: { value } }) => view.setAcross(value ? `=${value}` : "step")}
    >
      <option value="">x: a metric …</option>
      {view.model.keys.value.map((key) => (
        <option key={key} value={key}>
          x: {key}
        </option>
      ))}
    </select>
  );
}

/** Says that a single attempt was chosen, and the way back. */
function Chosen({ state }: { state: RunState }) {
  const { selected, attempts } = state.view;
  const attempt = attempts.value.find(({ n }) => n === selected.value);
  if (!attempt) return null;
  return (
    <p class="nbt-chosen">
      attempt {attempt.n}
      {attempt.name && ` · ${attempt.name}`} · {attempt.label}
      <button type="button" onClick={() => openCell(state, attempt.n)}>
        its cell
      </button>
      <button type="button" onClick={() => setQuery({ attempt: null })}>
        all attempts
      </button>
    </p>
  );
}

function NoMetrics({ state }: { state: RunState }) {
  const { detail, flow, model } = state;
  const waits = detail.value?.keys.length && flow.value !== "nothing" && !model.card.value;
  return waits ? (
    <p class="nbt-hint" role="status">
      loading the charts …
    </p>
  ) : (
    <div class="nbt-empty">
      <p>No metrics yet.</p>
      <p class="nbt-muted">
        <code>
          nbtrack.log({"{"}"loss": loss{"}"})
        </code>{" "}
        in a tracked cell draws the first.
      </p>
    </div>
  );
}

/** Goes to the cell that an attempt was. */
export function openCell(state: RunState, attempt: number): void {
  const cell = state.detail.peek()?.attempts.find(({ n }) => n === attempt)?.cell;
  const url = runUrl(state.store, state.run, "cells");
  if (cell) go(`${url}?cell=${cell}`);
}
