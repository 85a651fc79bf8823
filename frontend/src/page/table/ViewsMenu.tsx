import { useState } from "preact/hooks";

import type { Views } from "../api";
import { get, part, send, server } from "../client";
import { query, setQuery } from "../router";
import { useLoaded } from "../useLoaded";
import { Menu } from "./Menu";
import type { Table } from "./table";

/** Other pages save views too, each under names of its own. */
const PREFIX = "table ";

/** What stands in the address, under a name that a person gave it. */
export function ViewsMenu({ table }: { table: Table }) {
  return (
    <Menu label="views" title="views that were saved" right>
      {(close) => <SavedViews table={table} close={close} />}
    </Menu>
  );
}

function SavedViews({ table, close }: { table: Table; close: () => void }) {
  const [name, setName] = useState("");
  const [error, setError] = useState("");
  const store = table.store.value;
  const path = `/views/${part(store)}`;
  const found = useLoaded(store, (abort) => get<Views>(path, {}, abort));
  const views = Object.entries(found.value?.views ?? {})
    .filter((entry): entry is [string, { query: string }] => entry[0].startsWith(PREFIX) && isView(entry[1]))
    .map(([key, view]) => ({ key, name: key.slice(PREFIX.length), query: view.query }));
  const change = async (method: "PUT" | "DELETE", key: string, body?: unknown) => {
    try {
      await send(method, `${path}/${part(key)}`, body);
      setError("");
      setName("");
      found.again();
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
    }
  };
  const show = (text: string) => {
    const next = new URLSearchParams(text);
    const names = new Set([...query.value.keys(), ...next.keys()]);
    names.delete("store");
    setQuery(Object.fromEntries([...names].map((one) => [one, next.get(one)])), { step: true });
    close();
  };
  const save = () => {
    const now = new URLSearchParams(query.value);
    now.delete("store");
    return change("PUT", `${PREFIX}${name.trim()}`, { query: now.toString() });
  };
  return (
    <div class="nbt-choices">
      {found.error && <p role="alert">{found.error.message}</p>}
      {found.value && !views.length && <p class="nbt-muted">none is saved yet</p>}
      <div class="nbt-drop-scroll">
        {views.map((view) => (
          <div key={view.key} class="nbt-item-line">
            <button type="button" class="nbt-item" onClick={() => show(view.query)}>
              <span class="nbt-cut">{view.name}</span>
            </button>
            {!server.value?.read_only && (
              <button
                type="button"
                aria-label={`forget ${view.name}`}
                onClick={() => void change("DELETE", view.key)}
              >
                ×
              </button>
            )}
          </div>
        ))}
      </div>
      {!server.value?.read_only && (
        <form
          class="nbt-buttons"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) void save();
          }}
        >
          <input
            class="nbt-field"
            placeholder="name of this view"
            aria-label="name of this view"
            maxLength={58}
            pattern="[A-Za-z0-9 ._\-]+"
            title="letters, digits, spaces, '.', '-' and '_'"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <button type="submit" disabled={!name.trim()}>
            save
          </button>
        </form>
      )}
      {error && <p role="alert" class="nbt-is-failed">{error}</p>}
    </div>
  );
}

const isView = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as { query?: unknown }).query === "string";
