import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props {
  name: string;
  value: string;
  placeholder: string;
  editable: boolean;
  save: (value: string) => Promise<void>;
  /** A text of several lines: Enter begins another, with Ctrl or Cmd it saves. */
  long?: boolean;
  /** The empty text is one, too. */
  mayBeEmpty?: boolean;
}

/** A text that a click makes one to be edited. */
export function Editable({ name, value, placeholder, editable, save, long, mayBeEmpty }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const [error, setError] = useState("");
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const open = draft !== null;
  const wasOpen = useRef(false);
  // Before anything else is drawn or typed.
  useLayoutEffect(() => {
    if (open) field.current?.focus();
    else if (wasOpen.current) button.current?.focus();
    wasOpen.current = open;
  }, [open]);

  if (!editable) {
    return value ? (
      <p class={long ? "nbt-prose" : undefined}>{value}</p>
    ) : (
      <p class="nbt-muted">none</p>
    );
  }
  const leave = () => setDraft(null);
  const commit = async () => {
    if (draft === null) return;
    const text = draft.trim();
    if (text === value || (!text && !mayBeEmpty)) return leave();
    setError("");
    leave();
    try {
      await save(text);
    } catch (failure) {
      setError((failure as Error).message);
      setDraft(text);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.preventDefault();
      setError("");
      leave();
    } else if (event.key === "Enter" && (!long || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void commit();
    }
  };
  const shared = {
    ref: field,
    "aria-label": name,
    "aria-invalid": Boolean(error),
    value: draft ?? "",
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) =>
      setDraft(currentTarget.value),
    onKeyDown,
  };
  return (
    <div class="nbt-editable">
      {draft === null ? (
        <button
          ref={button}
          type="button"
          class={`nbt-quiet nbt-edit${long ? " nbt-prose" : ""}${value ? "" : " nbt-muted"}`}
          title={`edit the ${name}`}
          aria-label={`${name}: ${value || placeholder}. Edit`}
          onClick={() => setDraft(value)}
        >
          {value || placeholder}
          <span class="nbt-pencil" aria-hidden="true">
            ✎
          </span>
        </button>
      ) : (
        <>
          {long ? <textarea rows={4} {...shared} /> : <input {...shared} />}
          <span class="nbt-edit-ends">
            <button type="button" onClick={() => void commit()}>
              save
            </button>
            <button type="button" class="nbt-quiet" onClick={leave}>
              cancel
            </button>
            <span class="nbt-muted">
              {long ? "Ctrl+Enter saves" : "Enter saves"}, Escape cancels
            </span>
          </span>
        </>
      )}
      {error && (
        <p class="nbt-warn" role="alert">
          not saved: {error}
        </p>
      )}
    </div>
  );
}
