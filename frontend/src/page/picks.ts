import type { Place, Pointed } from "../components/plot";
import type { Trace } from "../model/traces";

/** Milliseconds in which a second click may make it a double one. */
const TWICE = 250;

/** Has a click on a curve do something. */
export function onPick(
  over: HTMLElement,
  closest: () => Pointed | null,
  place: Place,
  picked: (trace: Trace) => void,
): void {
  let timer = 0;
  over.addEventListener("click", ({ detail }) => {
    clearTimeout(timer);
    const found = closest();
    if (!found || detail > 1) return;
    const pick = () => over.isConnected && picked(found.trace);
    // Two clicks show all again, also on a curve.
    if (place.zoom.peek()) timer = window.setTimeout(pick, TWICE);
    else pick();
  });
}
