import { useEffect, useMemo } from "preact/hooks";

import { pageUrl } from "../client";
import { Link } from "../Link";
import { Problem } from "../Problem";
import { query, setQuery } from "../router";
import { useClock } from "../table/useNow";
import { Comparison } from "./comparison";
import { DifferenceTable } from "./DifferenceTable";
import { MetricCharts } from "./MetricCharts";
import { RunList } from "./RunList";
import { Scatter } from "./Scatter";
import { CompareView } from "./view";

const TABS = ["charts", "differences", "scatter"] as const;
const INTERVAL = 4000;

/** Several runs beside each other. */
export function ComparePage() {
  const comparison = useMemo(() => new Comparison(), []);
  const view = useMemo(() => new CompareView(), []);
  const store = comparison.store.value;
  const ids = comparison.ids.value;
  const runs = comparison.runs.value;
  const lacking = ids.some((id) => !comparison.loaded.value.some((run) => run.id === id));
  useEffect(() => {
    if (!lacking && !comparison.loading.peek()) return;
    const abort = new AbortController();
    void comparison.load(abort.signal);
    return () => abort.abort();
  }, [store, ids.join("\0")]);
  const goes = runs.some(({ state }) => state === "running");
  useLive(comparison, goes);
  useClock(false);
  useEffect(() => {
    document.title = `${ids.length} runs · nbtrack`;
    const where = document.getElementById("nbt-where");
    if (where) where.textContent = "compare";
  }, [ids.length]);
  const back = `${pageUrl("")}${store ? `?store=${encodeURIComponent(store)}` : ""}`;
  if (!ids.length) {
    return (
      <div class="nbt-nothing">
        <p>No runs are chosen: mark some in the table, then press compare.</p>
        <Link href={back}>to the table</Link>
      </div>
    );
  }
  const error = comparison.error.value;
  if (error && !runs.length) return <Problem error={error} again={() => void comparison.load()} />;
  if (!runs.length) {
    return (
      <p class="nbt-nothing nbt-muted">
        {comparison.loading.value ? "looking for the runs …" : "none of these runs is there any more"}
      </p>
    );
  }
  const named = query.value.get("tab");
  const tab = TABS.find((one) => one === named) ?? "charts";
  return (
    <section class="nbt-compare" aria-label="comparison">
      <div class="nbt-compare-side">
        <Link href={back} class="nbt-back">
          ← all runs
        </Link>
        <RunList comparison={comparison} />
      </div>
      <div class="nbt-compare-main">
        {error && <Problem error={error} again={() => void comparison.load()} />}
        <Tabs tab={tab} />
        <div role="tabpanel" aria-label={tab} class="nbt-compare-panel">
          {tab === "charts" && <MetricCharts comparison={comparison} view={view} />}
          {tab === "differences" && <DifferenceTable comparison={comparison} />}
          {tab === "scatter" && <Scatter comparison={comparison} />}
        </div>
      </div>
    </section>
  );
}

function Tabs({ tab }: { tab: (typeof TABS)[number] }) {
  const show = (name: string) => setQuery({ tab: name === "charts" ? null : name }, { step: true });
  return (
    <div
      class="nbt-compare-tabs"
      role="tablist"
      aria-label="comparison"
      onKeyDown={(event) => {
        const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (!by) return;
        const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]!;
        show(next);
        const tabs = event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]");
        tabs[TABS.indexOf(next)]?.focus();
      }}
    >
      {TABS.map((name) => (
        <button
          type="button"
          role="tab"
          key={name}
          aria-selected={name === tab}
          tabIndex={name === tab ? 0 : -1}
          onClick={() => show(name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

/** Looks again now and then while any of the runs goes on. */
function useLive(comparison: Comparison, goes: boolean): void {
  useEffect(() => {
    if (!goes) return;
    const timer = setInterval(() => {
      if (document.hidden) return;
      void comparison.load().then(() => (comparison.ticks.value += 1));
    }, INTERVAL);
    return () => clearInterval(timer);
  }, [comparison, goes]);
}
