import { useEffect, useMemo, useState } from "preact/hooks";

import type { MediaKey, MediaKeys } from "../../api";
import { get } from "../../client";
import { Problem } from "../../Problem";
import { useLoaded, type Loaded } from "../../useLoaded";
import type { RunState } from "../state";
import { sectionsOf, type Section } from "./media";
import { MediaPanel } from "./MediaPanel";
import { MediaPlace } from "./place";

/** Panels that are made before somebody asks for all of a section. */
const FEW = 40;

/** The keys under which a run has media; asked for again as the run goes on. */
export function useMediaKeys(state: RunState): Loaded<MediaKeys> {
  const detail = state.detail.value;
  return useLoaded(`${state.path} ${state.state.value} ${detail?.rows}`, (abort) =>
    get<MediaKeys>(`${state.path}/media`, {}, abort),
  );
}

interface Props {
  state: RunState;
  loaded: Loaded<MediaKeys>;
}

/** Everything that a run logged besides numbers. */
export function MediaSections({ state, loaded }: Props) {
  const place = useMemo(() => new MediaPlace(state), [state]);
  useEffect(() => place.connect(), [place]);
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!loaded.value?.keys.length) return null;
  const sections = sectionsOf(loaded.value.keys, state.view.pattern.value);
  if (!sections.length) return null;
  return (
    <>
      <div class="nbt-media-bar">
        <h2>Media</h2>
        <button
          type="button"
          aria-pressed={place.together.value}
          title="the step of one panel is that of all"
          onClick={() => (place.together.value = !place.together.value)}
        >
          steps together
        </button>
        {place.step.value !== null && place.together.value && (
          <button type="button" onClick={() => (place.step.value = null)}>
            newest step
          </button>
        )}
      </div>
      {sections.map((section) => (
        <MediaSection key={section.name} place={place} section={section} />
      ))}
      {loaded.value.more && <p class="nbt-muted">There are more than can be shown here.</p>}
    </>
  );
}

function MediaSection({ place, section }: { place: MediaPlace; section: Section }) {
  const [open, setOpen] = useState(!section.aside);
  const { name, keys } = section;
  return (
    <section class="nbt-section" aria-label={name || "media"}>
      {name && (
        <h2>
          <button
            type="button"
            class="nbt-quiet nbt-fold"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <span aria-hidden="true">{open ? "▾" : "▸"}</span> {name}{" "}
            <span class="nbt-muted nbt-number">{keys.length}</span>
          </button>
        </h2>
      )}
      {open && <Panels place={place} keys={keys} />}
    </section>
  );
}

/** Panels beside each other. */
export function Panels({ place, keys }: { place: MediaPlace; keys: readonly MediaKey[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? keys : keys.slice(0, FEW);
  return (
    <>
      <div class="nbt-charts nbt-medias">
        {shown.map((media) => (
          <MediaPanel key={media.key} place={place} media={media} />
        ))}
      </div>
      {keys.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          show {keys.length - shown.length} more
        </button>
      )}
    </>
  );
}
