import { useEffect, useMemo } from "preact/hooks";

import { Problem } from "../Problem";
import type { Tab } from "../router";
import { ArtifactsTab } from "./artifacts/ArtifactsTab";
import { CellsTab } from "./cells/CellsTab";
import { ChartsTab } from "./charts/ChartsTab";
import { FilesTab } from "./files/FilesTab";
import { LogsTab } from "./logs/LogsTab";
import { ModelTab } from "./model/ModelTab";
import { OverviewTab } from "./overview/OverviewTab";
import { RunHead } from "./RunHead";
import { RunState } from "./state";
import { SystemTab } from "./system/SystemTab";
import { panelId, tabId, Tabs } from "./Tabs";
import { useWhere } from "./where";

/** Everything about one run. */
export function RunPage({ store, run, tab }: { store: string; run: string; tab: Tab }) {
  const state = useMemo(() => new RunState(store, run), [store, run]);
  useEffect(() => state.connect(), [state]);
  const detail = state.detail.value;
  useWhere(detail?.name ?? run, tab);
  const problem = state.problem.value;
  if (!detail) {
    if (problem) {
      return (
        <div class="nbt-run">
          <Problem error={problem} again={() => void state.refresh()} />
        </div>
      );
    }
    return (
      <p class="nbt-hint" role="status">
        loading the run …
      </p>
    );
  }
  return (
    <div class="nbt-run">
      <RunHead state={state} detail={detail} />
      {problem && <Problem error={problem} again={() => void state.refresh()} />}
      <Tabs store={store} run={run} tab={tab} />
      <section
        class="nbt-panel"
        role="tabpanel"
        id={panelId(tab)}
        aria-labelledby={tabId(tab)}
        tabIndex={-1}
        key={tab}
      >
        {contentOf(tab, state)}
      </section>
    </div>
  );
}

function contentOf(tab: Tab, state: RunState) {
  switch (tab) {
    case "charts":
      return <ChartsTab state={state} />;
    case "system":
      return <SystemTab state={state} />;
    case "logs":
      return <LogsTab state={state} />;
    case "files":
      return <FilesTab state={state} />;
    case "cells":
      return <CellsTab state={state} />;
    case "model":
      return <ModelTab state={state} />;
    case "artifacts":
      return <ArtifactsTab state={state} />;
    default:
      return <OverviewTab state={state} />;
  }
}
