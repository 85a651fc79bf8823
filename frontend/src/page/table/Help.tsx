import { useEffect, useRef } from "preact/hooks";

import { KEYS } from "./keys";

/** The keys of the table. */
export function Help({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal?.(), []);
  return (
    <dialog
      ref={dialog}
      class="nbt-help"
      aria-label="keys"
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <h2>keys</h2>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split("  ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h2>filter</h2>
      <p>
        SQL over a run's columns: <code>state = 'failed' and config.lr &gt; 0.01</code>,{" "}
        <code>summary."val/loss" &lt; 0.2 or list_contains(tags, 'best')</code>
      </p>
      <button type="button" onClick={close}>
        close
      </button>
    </dialog>
  );
}
