import { useMemo, useState } from "preact/hooks";

import type { MediaEntry } from "../../api";
import type { RunState } from "../state";
import { Enlarged } from "./Enlarged";
import { layersOf } from "./marks";
import { Marked } from "./Marked";
import { captionOf, fileUrl, type Moment } from "./media";

/** Pictures that are shown before somebody asks for all. */
const FEW = 48;

interface Props {
  state: RunState;
  title: string;
  moments: readonly Moment[];
  at: number;
  go: (at: number) => void;
}

/** The pictures of one step, to be made larger. */
export function Images({ state, title, moments, at, go }: Props) {
  const [open, setOpen] = useState<number | null>(null);
  const [all, setAll] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const entries = moments[at]?.entries ?? [];
  const names = useMemo(
    () => [...new Set(entries.flatMap(({ info }) => layersOf(info).map(({ name }) => name)))],
    [entries],
  );
  const shown = all ? entries : entries.slice(0, FEW);
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  return (
    <>
      {names.length > 0 && (
        <div class="nbt-inline" role="group" aria-label={`what lies on ${title}`}>
          {names.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={!hidden.has(name)}
              onClick={() => toggle(name)}
            >
              {name}
            </button>
          ))}
        </div>
      )}
      <div class={`nbt-images${entries.length > 1 ? " nbt-several" : ""}`}>
        {shown.map((entry, index) => (
          <Picture
            key={entry.index}
            state={state}
            title={`${title}, ${entries.length > 1 ? `${index + 1} of ${entries.length}, ` : ""}step ${entry.step}`}
            entry={entry}
            hidden={hidden}
            open={() => setOpen(index)}
          />
        ))}
      </div>
      {entries.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          show {entries.length - shown.length} more
        </button>
      )}
      {open !== null && entries[open] && (
        <Enlarged
          state={state}
          title={title}
          moments={moments}
          at={at}
          index={open}
          hidden={hidden}
          go={go}
          choose={setOpen}
          close={() => setOpen(null)}
        />
      )}
    </>
  );
}

interface PictureProps {
  state: RunState;
  title: string;
  entry: MediaEntry;
  hidden: ReadonlySet<string>;
  open: () => void;
}

function Picture({ state, title, entry, hidden, open }: PictureProps) {
  const caption = captionOf(entry);
  const layers = layersOf(entry.info).filter(({ name }) => !hidden.has(name));
  if (!entry.file) return null;
  if (entry.file.endsWith(".tiff")) {
    return (
      <p>
        <a href={fileUrl(state, entry.file, { download: 1 })}>download {caption || "the picture"}</a>
      </p>
    );
  }
  return (
    <figure class="nbt-picture">
      <button type="button" class="nbt-quiet" title="enlarge" onClick={open}>
        <Marked state={state} entry={entry} layers={layers} alt={caption || title} lazy />
      </button>
      {caption && (
        <figcaption class="nbt-caption nbt-cut" title={caption}>
          {caption}
        </figcaption>
      )}
    </figure>
  );
}
