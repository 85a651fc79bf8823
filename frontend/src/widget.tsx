import { signal } from "@preact/signals";
import { render } from "preact";

import { App } from "./components/App";
import { outputArea, serverAddress, type AnyModel } from "./host";
import { decode } from "./model/decode";
import { RunModel } from "./model/run";
import { CommSource } from "./source/comm";
import { HttpSource } from "./source/http";
import type { Listener, RunSource } from "./source/source";
import { watchTheme } from "./theme";
import { View } from "./view";

// While a view lives, the picture in the same output is not needed.
const LIVE = "nbtrack-live";
let count = 0;

export default {
  render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
    const run = new RunModel();
    const focus = signal(Number(model.get("focus") ?? 0));
    const view = new View(run, focus, `nbtrack-${++count}`);
    const root = document.createElement("div");
    root.className = "nbtrack";
    el.append(root);

    const listener: Listener = (data, via) => {
      const message = decode(data);
      if (via === "kernel") run.heardAt = performance.now();
      return message !== null && run.apply(message);
    };
    const onFocus = () => (focus.value = Number(model.get("focus")));
    model.on("change:focus", onFocus);
    const ends = [
      ...sources(model, run).map((source) => source.start(listener)),
      () => model.off("change:focus", onFocus),
      view.connect(),
      watchTheme(() => (view.theme.value += 1)),
      hidePicture(el),
    ];
    render(<App view={view} host={el} />, root);
    return () => {
      for (const end of ends) end();
      render(null, root);
      root.remove();
    };
  },
};

function sources(model: AnyModel, run: RunModel): RunSource[] {
  const found: RunSource[] = [new CommSource(model)];
  const address = serverAddress();
  if (address !== null) {
    const where = {
      address,
      store: String(model.get("store")),
      run: String(model.get("run")),
      kernel: String(model.get("kernel")),
    };
    found.push(
      new HttpSource(where, {
        silence: () => performance.now() - run.heardAt,
        running: () => (run.card.peek()?.state ?? "running") === "running",
        number: () => run.number,
        kernel: (word) => (run.kernel.value = word),
        page: (address) => (run.page.value = address),
      }),
    );
  }
  return found;
}

/** Hides the picture beside the view until what is returned is called. */
function hidePicture(el: HTMLElement): () => void {
  let area: Element | null = null;
  // The page may put the element in place only after this.
  const timer = requestAnimationFrame(() => {
    area = outputArea(el);
    area?.classList.add(LIVE);
  });
  return () => {
    cancelAnimationFrame(timer);
    area?.classList.remove(LIVE);
  };
}
