import { useEffect, useRef } from "preact/hooks";

import { MAX_KEYS } from "../../../model/groups";
import { csvOf, keepAs, pngOf } from "./export";
import { curveName, type PageFigure } from "./figure";
import type { PageView } from "./view";

interface Props {
  view: PageView;
  figure: PageFigure;
  host: { current: HTMLElement | null };
  move: (step: number) => void;
  close: () => void;
}

/** What can be done with one chart. */
export function ChartMenu({ view, figure, host, move, close }: Props) {
  const menu = useRef<HTMLDivElement>(null);
  const { group } = figure;
  const look = view.look(group.title);
  const title = look.title || group.title;
  const set = (change: Parameters<PageView["setLook"]>[1]) => view.setLook(group.title, change);
  useEffect(() => {
    const before = document.activeElement;
    menu.current?.querySelector<HTMLElement>("input")?.focus();
    const onPointer = (event: Event) => {
      if (!host.current?.contains(event.target as Node)) close();
    };
    document.addEventListener("pointerdown", onPointer);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const curves = [
    ...new Map(
      figure
        .traces()
        .filter(({ faint }) => !faint)
        .map((trace) => [curveName(group, trace), trace.colour] as const),
    ),
  ];
  return (
    <div
      ref={menu}
      class="nbt-menu"
      role="dialog"
      aria-label={`options of ${title}`}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <label>
        title
        <input
          value={look.title ?? ""}
          placeholder={group.title}
          onInput={({ currentTarget: { value } }) => set({ title: value })}
        />
      </label>
      <div class="nbt-menu-row" role="group" aria-label="values from and to">
        <Bound name="min" value={look.min} set={(min) => set({ min })} />
        <Bound name="max" value={look.max} set={(max) => set({ max })} />
        <button
          type="button"
          aria-pressed={figure.log()}
          onClick={() => set({ log: !figure.log() })}
        >
          log
        </button>
      </div>
      {curves.slice(0, MAX_KEYS).map(([name, colour]) => (
        <div class="nbt-menu-row" key={name} role="group" aria-label={`colour of ${name}`}>
          <span class="nbt-cut nbt-menu-name">{name}</span>
          {Array.from({ length: MAX_KEYS }, (_, place) => (
            <button
              type="button"
              key={place}
              class="nbt-pick"
              aria-label={`colour ${place + 1}`}
              aria-pressed={colour === place}
              onClick={() => set({ colours: { ...look.colours, [name]: place } })}
            >
              <i class="nbt-swatch" data-line={place} />
            </button>
          ))}
        </div>
      ))}
      <div class="nbt-menu-row">
        <button type="button" onClick={() => move(-1)}>
          ← earlier
        </button>
        <button type="button" onClick={() => move(1)}>
          later →
        </button>
        <button
          type="button"
          aria-pressed={look.wide === true}
          onClick={() => set({ wide: !look.wide })}
        >
          full width
        </button>
      </div>
      <div class="nbt-menu-row">
        <button
          type="button"
          title="the points that are drawn; zoom in for more of a stretch"
          onClick={() =>
            keepAs(
              `${title}.csv`,
              new Blob([csvOf(figure, figure.across().replace(/^=/, ""))], { type: "text/csv" }),
            )
          }
        >
          CSV
        </button>
        <button
          type="button"
          onClick={() => {
            const chart = host.current?.querySelector(".nbt-chart");
            if (!chart) return;
            void pngOf(chart, title).then((image) => image && keepAs(`${title}.png`, image));
          }}
        >
          PNG
        </button>
        <button type="button" onClick={() => set({ hidden: true })}>
          hide
        </button>
        <button
          type="button"
          onClick={() => {
            const looks = { ...view.layout.value.looks };
            delete looks[group.title];
            view.layout.value = { ...view.layout.value, looks };
          }}
        >
          as it was
        </button>
      </div>
    </div>
  );
}

interface BoundProps {
  name: string;
  value: number | null | undefined;
  set: (value: number | null) => void;
}

function Bound({ name, value, set }: BoundProps) {
  return (
    <label>
      {name}
      <input
        type="number"
        step="any"
        placeholder="auto"
        value={value ?? ""}
        onChange={({ currentTarget }) =>
          set(currentTarget.value === "" ? null : currentTarget.valueAsNumber)
        }
      />
    </label>
  );
}
