import { useRef } from "preact/hooks";

import type { Group } from "../model/groups";
import type { View } from "../view";
import { Chart } from "./Chart";
import { useIsNear } from "./near";

/** So many charts are laid out together: they fill rows of any number up to six. */
const BLOCK = 60;

export function Charts({ view }: { view: View }) {
  const shown = view.shown.value;
  const more = view.groups.value.length - shown.length;
  if (!shown.length) return <p class="nbt-hint">no metric matches</p>;
  const blocks: Group[][] = [];
  for (let at = 0; at < shown.length; at += BLOCK) blocks.push(shown.slice(at, at + BLOCK));
  return (
    <>
      <div class="nbt-blocks">
        {blocks.map((groups, at) => (
          <Block key={at} view={view} groups={groups} alone={blocks.length === 1} />
        ))}
      </div>
      {more > 0 && (
        <button type="button" class="nbt-more" onClick={() => (view.all.value = true)}>
          show {more} more
        </button>
      )}
    </>
  );
}

/** A thousand charts are much work for a browser in every frame: those far away are titles only. */
function Block({ view, groups, alone }: { view: View; groups: Group[]; alone: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const near = useIsNear(host) || alone;
  return (
    <div ref={host} class="nbt-charts">
      {groups.map((group) =>
        near ? (
          <Chart key={group.title} view={view} group={group} />
        ) : (
          <figure key={group.title} class="nbt-chart" aria-label={group.title}>
            <figcaption>
              <span class="nbt-title nbt-cut">{group.title}</span>
            </figcaption>
            <div class="nbt-plot" />
            <p class="nbt-legend" />
          </figure>
        ),
      )}
    </div>
  );
}
