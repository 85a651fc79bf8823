import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { FigureChart } from "../../../components/Chart";
import { useIsNear } from "../../../components/near";
import type { Group } from "../../../model/groups";
import { ChartMenu } from "./ChartMenu";
import { PageFigure } from "./figure";
import type { PageView } from "./view";

/** While a run goes on, what was asked for is asked for again so often. */
const AGAIN = 4000;

/** Pixels of a card around its curves, and of the line below them. */
const ROOM = 34;
const LEGEND = 18;

const DRAGGED = "application/x-nbtrack-chart";

interface Props {
  view: PageView;
  group: Group;
  open: (attempt: number) => void;
  /** Its place in its section, and the way to another. */
  at: number;
  move: (title: string, to: number) => void;
  place: (title: string) => number;
}

/** A chart that can be moved, changed and looked into. */
export function ChartCard({ view, group, open, at, move, place }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const near = useIsNear(host);
  const [menu, setMenu] = useState(false);
  const [over, setOver] = useState(false);
  const lines = group.lines.map(({ key }) => key).join("\0");
  const figure = useMemo(() => new PageFigure(view, group, open), [view, group.title, lines]);
  useEffect(() => (near ? follow(view, figure) : undefined), [near, figure]);
  // What is out of view keeps its place, unmeasured; a thousand charts would be slow to make.
  const room = ROOM + (group.lines.length > 1 ? LEGEND : 0);
  const look = view.look(group.title);
  const title = look.title || group.title;
  return (
    <div
      ref={host}
      class={`nbt-card${look.wide ? " nbt-wide" : ""}${over ? " nbt-over" : ""}`}
      style={near ? undefined : { height: `${figure.height() + room}px` }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes(DRAGGED)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const dragged = event.dataTransfer?.getData(DRAGGED);
        if (!dragged || place(dragged) < 0) return;
        event.preventDefault();
        move(dragged, at);
      }}
    >
      {!near ? (
        <span class="nbt-title">{title}</span>
      ) : (
        <FigureChart
          figure={figure}
          title={title}
          hint={group.lines.map(({ key }) => key).join("\n")}
        >
          <span class="nbt-card-tools">
            <button
              type="button"
              class="nbt-quiet nbt-grip"
              draggable
              aria-label={`move ${title}: drag it, or use the arrow keys`}
              title="move: drag, or use the arrow keys"
              onDragStart={(event) => event.dataTransfer?.setData(DRAGGED, group.title)}
              onKeyDown={(event) => {
                const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
                if (!step) return;
                event.preventDefault();
                const { currentTarget } = event;
                move(group.title, at + step);
                requestAnimationFrame(() => currentTarget.focus());
              }}
            >
              ⠿
            </button>
            <button
              type="button"
              class="nbt-quiet"
              aria-label={`options of ${title}`}
              title="options"
              aria-expanded={menu}
              onClick={() => setMenu(!menu)}
            >
              ⋯
            </button>
          </span>
        </FigureChart>
      )}
      {figure.closeup.failed.value && (
        <p class="nbt-warn" role="alert">
          not in full detail: {figure.closeup.failed.value}
        </p>
      )}
      {menu && near && (
        <ChartMenu
          view={view}
          figure={figure}
          host={host}
          move={(step) => move(group.title, at + step)}
          close={() => setMenu(false)}
        />
      )}
    </div>
  );
}

/** Has a chart ask for what it shows, as long as it is in view. */
export function follow(view: PageView, figure: PageFigure): () => void {
  let asked = "";
  let timer = 0;
  let last = 0;
  const end = effect(() => {
    void view.model.revision.value;
    const asks = figure.asks();
    const now = JSON.stringify(asks.map(({ request }) => request));
    const want = () => {
      last = performance.now();
      figure.closeup.want(asks);
    };
    clearTimeout(timer);
    if (now !== asked) {
      asked = now;
      want();
    } else if (asks.length && view.model.card.peek()?.state === "running") {
      timer = window.setTimeout(want, Math.max(0, last + AGAIN - performance.now()));
    }
  });
  return () => {
    clearTimeout(timer);
    end();
    figure.closeup.stop();
  };
}
