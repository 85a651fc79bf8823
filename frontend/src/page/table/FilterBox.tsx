import { useRef, useState } from "preact/hooks";

import { completions, type Completion } from "./complete";
import { choose } from "./state";
import type { Table } from "./table";
import { useTyped } from "./useTyped";

/** An expression that runs are asked for with; names are completed as they are typed. */
export function FilterBox({ table }: { table: Table }) {
  const { where } = table.state.value;
  const [text, type, finish] = useTyped(where, (typed) => choose({ where: typed }), 400);
  const [offers, setOffers] = useState<Completion[]>([]);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const error = table.runs.error.value;
  const bad = error?.status === 400 && where !== "";
  const offer = (typed: string) => {
    const cursor = input.current?.selectionStart ?? typed.length;
    setOffers(completions(typed, cursor, table.runs.head.value?.columns ?? []));
    setAt(-1);
  };
  const close = () => setOffers([]);
  const take = ({ text: put, from, to }: Completion) => {
    const typed = `${text.slice(0, from)}${put} ${text.slice(to).trimStart()}`;
    type(typed);
    close();
    const cursor = from + put.length + 1;
    queueMicrotask(() => {
      input.current?.focus();
      input.current?.setSelectionRange(cursor, cursor);
    });
  };
  return (
    <div class="nbt-filter">
      <input
        ref={input}
        id="nbt-filter"
        type="text"
        class="nbt-field nbt-code"
        role="combobox"
        spellcheck={false}
        autocomplete="off"
        placeholder="filter: state = 'failed' and config.lr > 0.01"
        aria-label="filter, an SQL expression"
        aria-autocomplete="list"
        aria-expanded={offers.length > 0}
        aria-controls="nbt-offers"
        aria-activedescendant={at >= 0 ? `nbt-offer-${at}` : undefined}
        aria-invalid={bad}
        aria-describedby={bad ? "nbt-filter-error" : undefined}
        value={text}
        onInput={(event) => {
          type(event.currentTarget.value);
          offer(event.currentTarget.value);
        }}
        onBlur={close}
        onKeyDown={(event) => {
          if (event.key === "Escape" && offers.length) {
            event.stopPropagation();
            return close();
          }
          if (event.key === "Enter") {
            const chosen = offers[at];
            if (chosen) take(chosen);
            else (close(), finish());
          } else if (event.key === "Tab" && offers.length && !event.shiftKey) {
            event.preventDefault();
            take(offers[Math.max(0, at)]!);
          } else if (event.key === "ArrowDown" && offers.length) {
            event.preventDefault();
            setAt((at + 1) % offers.length);
          } else if (event.key === "ArrowUp" && offers.length) {
            event.preventDefault();
            setAt((at + offers.length) % (offers.length + 1) === offers.length ? -1 : (at + offers.length) % (offers.length + 1));
          }
        }}
      />
      {text && (
        <button
          type="button"
          class="nbt-clear"
          aria-label="clear the filter"
          onClick={() => (type(""), choose({ where: "" }), input.current?.focus())}
        >
          ×
        </button>
      )}
      {offers.length > 0 && (
        <ul id="nbt-offers" class="nbt-drop-panel nbt-offers" role="listbox" aria-label="names">
          {offers.map((one, place) => (
            <li
              key={one.text}
              id={`nbt-offer-${place}`}
              role="option"
              aria-selected={place === at}
              // The field keeps the focus.
              onPointerDown={(event) => (event.preventDefault(), take(one))}
            >
              <span class="nbt-code nbt-cut">{one.text}</span>
              <span class="nbt-muted">{one.hint}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
