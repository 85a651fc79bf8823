import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

interface Props {
  label: ComponentChildren;
  title?: string;
  /** Something is chosen in it. */
  on?: boolean;
  /** The panel keeps to the right end of its button. */
  right?: boolean;
  /** The panel opens above its button. */
  up?: boolean;
  disabled?: boolean;
  children: (close: () => void) => ComponentChildren;
}

/** A button and what it opens; Escape, or a click anywhere else, closes it. */
export function Menu({ label, title, on = false, right = false, up = false, disabled = false, children }: Props) {
  const [open, setOpen] = useState(false);
  const host = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    host.current?.querySelector<HTMLElement>("[data-first], .nbt-drop-panel input")?.focus();
    const outside = (event: Event) => {
      if (!host.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", outside, true);
    return () => removeEventListener("pointerdown", outside, true);
  }, [open]);
  const where = `${right ? " nbt-drop-panel-right" : ""}${up ? " nbt-drop-panel-up" : ""}`;
  return (
    <span
      ref={host}
      class="nbt-drop"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={button}
        type="button"
        class={on ? "nbt-on" : undefined}
        title={title}
        disabled={disabled}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <span class="nbt-cut">{label}</span>
        <span class="nbt-caret" aria-hidden="true" />
      </button>
      {open && (
        <div id={id} class={`nbt-drop-panel${where}`} role="dialog" aria-label={title}>
          {children(close)}
        </div>
      )}
    </span>
  );
}
