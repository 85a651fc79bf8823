import { useState } from "preact/hooks";

import { cellLabelled, cellOf } from "../host";
import type { ErrorCard } from "../wire";

interface Props {
  error: ErrorCard;
  focus: number;
  /** The element that the view is in. */
  host: Element;
}

/** What a cell raised, and the way to it. */
export function ErrorBox({ error, focus, host }: Props) {
  const [lost, setLost] = useState(false);
  const where = [error.cell && `cell ${error.cell}`, error.line && `line ${error.line}`];
  const go = () => {
    const cell = error.attempt === focus ? cellOf(host) : cellLabelled(error.cell);
    setLost(!cell);
    cell?.scrollIntoView({ behavior: "smooth", block: "start" });
  };
  return (
    <section class="nbt-error" aria-label="error">
      <p class="nbt-error-head">
        <b>{error.type}</b>
        {error.message && <span>: {error.message}</span>}
      </p>
      <p class="nbt-error-where">
        <span class="nbt-muted">{where.filter(Boolean).join(", ")}</span>
        {error.cell && (
          <button type="button" disabled={lost} onClick={go}>
            {lost ? "that cell is not in view" : "go to the cell"}
          </button>
        )}
      </p>
      {error.traceback && (
        <details>
          <summary>traceback</summary>
          <pre tabIndex={0}>{error.traceback}</pre>
        </details>
      )}
    </section>
  );
}
