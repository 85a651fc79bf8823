import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useState } from "preact/hooks";

export const ROW = 30;
export const HEAD = 34;

type Lines = Virtualizer<HTMLDivElement, HTMLDivElement>;

/** Which of many lines are in sight of an element that scrolls; only those are drawn. */
export function useLines(
  count: number,
  host: { current: HTMLDivElement | null },
  height = ROW,
): Lines {
  const [, draw] = useReducer<number, void>((before) => before + 1, 0);
  const options = {
    count,
    getScrollElement: () => host.current,
    estimateSize: () => height,
    overscan: 8,
    // The heads stay above the lines.
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => draw(),
  };
  const [lines] = useState<Lines>(() => new Virtualizer(options));
  lines.setOptions(options);
  useLayoutEffect(() => lines._didMount(), []);
  useLayoutEffect(() => lines._willUpdate());
  return lines;
}
