import { useMemo, useState } from "preact/hooks";

import { flatten } from "./flatten";

/** Rows that are made before somebody asks for all. */
const FEW = 300;

interface Props {
  title: string;
  values: Record<string, unknown>;
  /** What is said where there are none. */
  hint: string;
}

/** Names and values, to be searched and copied. */
export function Values({ title, values, hint }: Props) {
  const [search, setSearch] = useState("");
  const [all, setAll] = useState(false);
  const leaves = useMemo(() => flatten(values), [values]);
  const wanted = search.toLowerCase();
  const found = leaves.filter(({ key, text }) => `${key} ${text}`.toLowerCase().includes(wanted));
  const shown = all ? found : found.slice(0, FEW);
  return (
    <section class="nbt-box" aria-label={title}>
      <div class="nbt-box-head">
        <h2>
          {title} <span class="nbt-muted nbt-number">{leaves.length}</span>
        </h2>
        {leaves.length > 0 && (
          <input
            type="search"
            class="nbt-search"
            placeholder={`search ${title.toLowerCase()}`}
            aria-label={`search ${title.toLowerCase()}`}
            value={search}
            onInput={({ currentTarget: { value } }) => setSearch(value)}
          />
        )}
      </div>
      {!leaves.length && <p class="nbt-muted">{hint}</p>}
      {leaves.length > 0 && !found.length && <p class="nbt-muted">nothing matches</p>}
      {shown.length > 0 && (
        <div class="nbt-scroll" tabIndex={0}>
          <table class="nbt-table nbt-values">
            <tbody>
              {shown.map(({ key, text, isNumber }) => (
                <tr key={key}>
                  <th scope="row">{key}</th>
                  <td
                    class={isNumber ? "nbt-number nbt-right" : undefined}
                    title={text.length > 80 ? text : undefined}
                  >
                    {text}
                  </td>
                  <td class="nbt-copy">
                    <Copy text={text} of={key} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          show {found.length - shown.length} more
        </button>
      )}
    </section>
  );
}

/** Puts a text where it can be pasted from. */
export function Copy({ text, of }: { text: string; of: string }) {
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      class="nbt-quiet"
      aria-label={`copy ${of}`}
      title="copy"
      onClick={() => {
        // Only pages that came over a safe connection, or from this machine, may do so.
        void navigator.clipboard?.writeText(text).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 1500);
        });
      }}
    >
      {done ? "✓" : <CopyIcon />}
    </button>
  );
}

const CopyIcon = () => (
  <svg class="nbt-icon" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor">
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
    <path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" />
  </svg>
);
