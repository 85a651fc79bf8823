import { useEffect, useState } from "preact/hooks";

import { server } from "../client";
import { Foot } from "./Foot";
import { Grid } from "./Grid";
import { Help } from "./Help";
import { press } from "./keys";
import { Nothing } from "./Nothing";
import { Table } from "./table";
import { Toast } from "./Toast";
import { Tools } from "./Tools";
import { useClock } from "./useNow";

const INTERVAL = 2000;

// One for the page's life: who comes back from a run finds the table as it was.
let kept: Table | null = null;

/** All runs of a store. */
export function TablePage({ table = (kept ??= new Table()) }: { table?: Table }) {
  // Each time it is asked for it is another one: that the one before has closed is told later.
  const [help, setHelp] = useState(0);
  const ask = () => setHelp((before) => before + 1);
  const state = table.state.value;
  const store = table.store.value;
  const head = table.runs.head.value;
  const name = server.value?.stores.find(({ key }) => key === store)?.name ?? "";
  useEffect(() => table.ask(), [JSON.stringify([state.search, state.where, state.states, state.tags, state.projects, state.sort, state.group, state.trash, store, table.columns.value.map(({ id }) => id)])]);
  useEffect(() => void table.findColumns(), [head, store]);
  useClock((head?.running ?? 0) > 0);
  useLive(table);
  useEffect(() => {
    document.title = name ? `${name} · nbtrack` : "nbtrack";
    const where = document.getElementById("nbt-where");
    if (where) where.textContent = name;
  }, [name]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Asked of the document: an effect of this component comes later than the next key may.
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (press(table, event, ask)) event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [table]);
  if (server.value && !server.value.stores.length) {
    return <p class="nbt-nothing">This server knows no store of runs: start a run, or name one with nbtrack ui STORE.</p>;
  }
  const empty = table.places.value.count === 0;
  return (
    <section class="nbt-runs" aria-label="runs">
      <Tools table={table} help={ask} />
      <div class={table.runs.loading.value ? "nbt-grid-host nbt-loading" : "nbt-grid-host"}>
        {empty ? <Nothing table={table} /> : <Grid table={table} />}
      </div>
      <Foot table={table} />
      <Toast edits={table.edits} />
      {help > 0 && <Help key={help} close={() => setHelp((now) => (now === help ? 0 : now))} />}
    </section>
  );
}

/** Looks every two seconds while anybody does. */
function useLive(table: Table): void {
  useEffect(() => {
    const look = () => {
      if (!document.hidden) void table.runs.look();
    };
    const timer = setInterval(look, INTERVAL);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      table.sparks.close();
    };
  }, [table]);
}
