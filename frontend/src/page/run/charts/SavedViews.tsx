import { useState } from "preact/hooks";

import type { Views } from "../../api";
import { get, part, send } from "../../client";
import { useLoaded } from "../../useLoaded";
import { completed, isLayout, PLAIN } from "./layout";
import type { PageView } from "./view";

/** So that a view of charts never has the name of a view of the table. */
const PREFIX = "charts ";
/** The server takes names of 64 characters. */
const LONGEST = 64 - PREFIX.length;

/** Ways to look at charts that somebody saved for all runs of the store. */
export function SavedViews({ view }: { view: PageView }) {
  const { store } = view.run;
  const loaded = useLoaded(store, (abort) => get<Views>(`/views/${part(store)}`, {}, abort));
  const [chosen, setChosen] = useState("");
  const [name, setName] = useState<string | null>(null);
  const [error, setError] = useState("");
  const views = Object.entries(loaded.value?.views ?? {}).flatMap(([key, value]) =>
    key.startsWith(PREFIX) && isLayout(value) ? [[key.slice(PREFIX.length), value] as const] : [],
  );
  const address = (of: string) => `/views/${part(store)}/${part(PREFIX + of)}`;
  const change = async (work: Promise<unknown>, then: string) => {
    setError("");
    try {
      await work;
      setChosen(then);
      setName(null);
      loaded.again();
    } catch (failure) {
      setError((failure as Error).message.replace(`'${PREFIX}`, "'"));
    }
  };
  const save = (as: string) => {
    const wanted = as.trim();
    if (wanted) void change(send("PUT", address(wanted), view.now()), wanted);
  };
  return (
    <div class="nbt-views" role="group" aria-label="saved views">
      <select
        aria-label="view"
        value={chosen}
        onChange={({ currentTarget: { value } }) => {
          setChosen(value);
          const found = views.find(([one]) => one === value)?.[1];
          view.take(found ? completed(found) : PLAIN);
        }}
      >
        <option value="">as it comes</option>
        {views.map(([one]) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
      {view.run.editable.value &&
        (name === null ? (
          <>
            <button type="button" onClick={() => setName(chosen)}>
              save view …
            </button>
            {chosen && (
              <button
                type="button"
                aria-label={`delete the view ${chosen}`}
                onClick={() => void change(send("DELETE", address(chosen)), "")}
              >
                delete
              </button>
            )}
          </>
        ) : (
          <form
            class="nbt-inline"
            onSubmit={(event) => {
              event.preventDefault();
              save(name);
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape") setName(null);
            }}
          >
            <input
              aria-label="name of the view"
              placeholder="name of the view"
              maxLength={LONGEST}
              value={name}
              ref={(input) => input?.focus()}
              onInput={({ currentTarget: { value } }) => setName(value)}
            />
            <button type="submit" disabled={!name.trim()}>
              save
            </button>
          </form>
        ))}
      {error && (
        <span class="nbt-warn" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}
