import { useEffect, useRef } from "preact/hooks";

import type { RunState } from "../state";
import { layersOf } from "./marks";
import { Marked } from "./Marked";
import { captionOf, fileUrl, type Moment } from "./media";
import { Steps } from "./Steps";

interface Props {
  state: RunState;
  title: string;
  moments: readonly Moment[];
  at: number;
  index: number;
  hidden: ReadonlySet<string>;
  go: (at: number) => void;
  choose: (index: number) => void;
  close: () => void;
}

/** A picture as large as the window: ← and → change the step, ↑ and ↓ the picture. */
export function Enlarged(props: Props) {
  const { state, title, moments, at, index, hidden, go, choose, close } = props;
  const host = useRef<HTMLDialogElement>(null);
  useEffect(() => host.current?.showModal(), []);
  const entries = moments[at]?.entries ?? [];
  const place = Math.min(index, entries.length - 1);
  const entry = entries[place];
  if (!entry) return null;
  const caption = captionOf(entry);
  const onKeyDown = (event: KeyboardEvent) => {
    // The slider has keys of its own.
    const isSlider = event.target instanceof HTMLInputElement;
    if (event.key === "ArrowLeft" && at > 0 && !isSlider) go(at - 1);
    else if (event.key === "ArrowRight" && at < moments.length - 1 && !isSlider) go(at + 1);
    else if (event.key === "ArrowUp" && place > 0) choose(place - 1);
    else if (event.key === "ArrowDown" && place < entries.length - 1) choose(place + 1);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={host}
      class="nbt-enlarged"
      aria-label={`${title}, enlarged`}
      onClose={close}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
    >
      <header class="nbt-preview-head">
        <strong class="nbt-cut">{title}</strong>
        <span class="nbt-muted nbt-number">
          {entries.length > 1 && `${place + 1} of ${entries.length}`}
        </span>
        <a class="nbt-button" href={fileUrl(state, entry.file ?? "", { download: 1 })}>
          download
        </a>
        <button type="button" onClick={() => host.current?.close()}>
          close
        </button>
      </header>
      <div class="nbt-enlarged-picture">
        <Marked
          state={state}
          entry={entry}
          layers={layersOf(entry.info).filter(({ name }) => !hidden.has(name))}
          alt={caption || `${title}, step ${entry.step}`}
          lazy={false}
        />
      </div>
      {caption && <p class="nbt-caption">{caption}</p>}
      <Steps
        name={title}
        steps={moments.map(({ step }) => step)}
        at={at}
        total={moments.length}
        go={go}
      />
    </dialog>
  );
}
