import type { Edits } from "./edits";

/** Says what was done, and undoes it. */
export function Toast({ edits }: { edits: Edits }) {
  const notice = edits.notice.value;
  return (
    <div class="nbt-toasts" role="status" aria-live="polite">
      {notice && (
        <p class={notice.bad ? "nbt-toast nbt-toast-bad" : "nbt-toast"}>
          <span>{notice.text}</span>
          {notice.undo && (
            <button type="button" disabled={edits.busy.value} onClick={() => void notice.undo?.()}>
              undo
            </button>
          )}
          <button type="button" class="nbt-quiet" aria-label="dismiss" onClick={() => edits.dismiss()}>
            ×
          </button>
        </p>
      )}
    </div>
  );
}
