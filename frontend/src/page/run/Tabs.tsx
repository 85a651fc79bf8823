import { useEffect, useRef } from "preact/hooks";

import { Link } from "../Link";
import { go, runUrl, TABS, type Tab } from "../router";

export const tabId = (tab: Tab) => `nbt-tab-${tab}`;
export const panelId = (tab: Tab) => `nbt-panel-${tab}`;

const NAMES: Record<Tab, string> = {
  overview: "Overview",
  charts: "Charts",
  system: "System",
  model: "Model",
  logs: "Logs",
  files: "Files",
  artifacts: "Artifacts",
  cells: "Cells",
};

/** The parts of a run's page: links, so that each can be opened and sent by itself. */
export function Tabs({ store, run, tab }: { store: string; run: string; tab: Tab }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const one = document.getElementById(tabId(tab));
    if (one && list.current) {
      list.current.scrollLeft = one.offsetLeft - list.current.clientWidth / 2;
    }
  }, [tab]);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = TABS.indexOf(tab);
    const next = {
      ArrowRight: (at + 1) % TABS.length,
      ArrowLeft: (at + TABS.length - 1) % TABS.length,
      Home: 0,
      End: TABS.length - 1,
    }[event.key];
    const to = next === undefined ? undefined : TABS[next];
    if (!to) return;
    event.preventDefault();
    go(runUrl(store, run, to));
    document.getElementById(tabId(to))?.focus();
  };
  return (
    <div
      class="nbt-tabs"
      role="tablist"
      aria-label="parts of this run"
      ref={list}
      onKeyDown={onKeyDown}
    >
      {TABS.map((one) => (
        <Link
          key={one}
          id={tabId(one)}
          class="nbt-tab"
          role="tab"
          aria-selected={one === tab}
          aria-controls={one === tab ? panelId(one) : undefined}
          tabIndex={one === tab ? 0 : -1}
          href={runUrl(store, run, one)}
        >
          {NAMES[one]}
        </Link>
      ))}
    </div>
  );
}
