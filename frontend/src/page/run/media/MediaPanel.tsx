import { useMemo, useRef, useState } from "preact/hooks";

import { useIsNear } from "../../../components/near";
import type { MediaEntries, MediaKey } from "../../api";
import { get } from "../../client";
import { Problem } from "../../Problem";
import { useLoaded } from "../../useLoaded";
import { HistogramItem } from "./HistogramItem";
import { Images } from "./Images";
import { Item } from "./Item";
import { momentsOf, placeOf } from "./media";
import type { MediaPlace } from "./place";
import { Steps } from "./Steps";

interface Props {
  place: MediaPlace;
  media: MediaKey;
}

/** What was logged under one key, at the step that is looked at. */
export function MediaPanel({ place, media }: Props) {
  const host = useRef<HTMLElement>(null);
  const near = useIsNear(host);
  const seen = useRef(false);
  // What was shown once stays, so that nothing jumps while one scrolls.
  if (near) seen.current = true;
  // Nobody has said yet: a table is as wide as the page, everything else is not.
  const [wide, setWide] = useState<boolean | null>(null);
  const look = wide === null ? "" : wide ? " nbt-wide" : " nbt-narrow";
  const toggle = () => {
    const isWide = wide ?? host.current?.querySelector(".nbt-logged") != null;
    setWide(!isWide);
  };
  return (
    <section
      ref={host}
      class={`nbt-card nbt-media nbt-media-${media.kind}${look}`}
      aria-label={media.key}
    >
      <header class="nbt-media-head">
        <h3 class="nbt-title nbt-cut" title={media.key}>
          {media.key}
        </h3>
        <button
          type="button"
          class="nbt-quiet"
          aria-pressed={wide ?? undefined}
          aria-label={`${media.key} over the whole width`}
          title="over the whole width"
          onClick={toggle}
        >
          ↔
        </button>
      </header>
      {seen.current ? <Content place={place} media={media} /> : <div class="nbt-media-room" />}
    </section>
  );
}

function Content({ place, media }: Props) {
  const { state } = place;
  const selected = state.view.selected.value;
  const given = media.attempts.includes(selected) ? selected : (media.attempts.at(-1) ?? 0);
  const [chosen, choose] = useState<number | null>(null);
  const attempt = chosen !== null && media.attempts.includes(chosen) ? chosen : given;
  const [own, setOwn] = useState<number | null>(null);
  const loaded = useLoaded(`${state.path} ${media.key} ${attempt} ${media.count}`, (abort) =>
    get<MediaEntries>(`${state.path}/media/entries`, { key: media.key, attempt }, abort),
  );
  const moments = useMemo(() => momentsOf(loaded.value?.entries ?? []), [loaded.value]);
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <div class="nbt-media-room" aria-busy="true" />;
  const at = placeOf(moments, place.together.value ? place.step.value : own);
  const moment = moments[at];
  if (!moment) return <p class="nbt-muted">nothing of this attempt</p>;
  const go = (to: number) => {
    // The newest stays the newest while more comes.
    const step = to === moments.length - 1 ? null : (moments[to]?.step ?? null);
    if (place.together.peek()) place.step.value = step;
    else setOwn(step);
  };
  const kind = moment.entries[0]?.kind;
  return (
    <>
      {media.attempts.length > 1 && (
        <Attempt state={place.state} media={media} attempt={attempt} choose={choose} />
      )}
      {kind === "histogram" ? (
        <HistogramItem place={place} title={media.key} moments={moments} at={at} />
      ) : kind === "image" ? (
        <Images state={state} title={media.key} moments={moments} at={at} go={go} />
      ) : (
        <div class="nbt-things">
          {moment.entries.map((entry) => (
            <Item key={entry.index} state={state} title={media.key} entry={entry} />
          ))}
        </div>
      )}
      <Steps
        name={media.key}
        steps={moments.map(({ step }) => step)}
        at={at}
        total={loaded.value.steps}
        go={go}
      />
    </>
  );
}

interface AttemptProps {
  state: MediaPlace["state"];
  media: MediaKey;
  attempt: number;
  choose: (attempt: number) => void;
}

/** Which execution of the cell it is of. */
function Attempt({ state, media, attempt, choose }: AttemptProps) {
  const names = new Map((state.detail.value?.attempts ?? []).map((one) => [one.n, one]));
  return (
    <label class="nbt-smooth nbt-media-attempt">
      attempt
      <select
        value={attempt}
        aria-label={`attempt of ${media.key}`}
        onChange={(event) => choose(Number(event.currentTarget.value))}
      >
        {[...media.attempts].reverse().map((n) => {
          const one = names.get(n);
          const words = n ? [String(n), one?.name, one?.label] : ["between cells"];
          return (
            <option key={n} value={n}>
              {words.filter(Boolean).join(" · ")}
            </option>
          );
        })}
      </select>
    </label>
  );
}
