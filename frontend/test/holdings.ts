import { cleanup } from "@testing-library/preact";
import { vi } from "vitest";

import type { MediaEntry, MediaKey } from "../src/page/api";
import { RunState } from "../src/page/run/state";
import { detail } from "./details";
import { serve, visit, type Answers } from "./server";

/** What has to be there before each test: an address, and everything in view. */
export function begin(): void {
  localStorage.clear();
  visit("/charts");
  // Everything is in view.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(private readonly told: (entries: { isIntersecting: boolean }[]) => void) {}
      observe() {
        this.told([{ isIntersecting: true }]);
      }
      disconnect() {}
    },
  );
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
}

export function end(): void {
  cleanup();
  vi.unstubAllGlobals();
}

/** A run whose server answers so, and what it was asked. */
export function stateWith(answers: Answers, of = detail()) {
  const asked = serve(answers);
  const state = new RunState("s", "r");
  state.known.value = of;
  return { asked, state };
}

export const key = (name: string, more: Partial<MediaKey> = {}): MediaKey => ({
  key: name,
  kind: "image",
  count: 1,
  attempts: [1],
  ...more,
});
export const entry = (step: number, more: Partial<MediaEntry> = {}): MediaEntry => ({
  step,
  time: step * 1e6,
  index: 0,
  kind: "image",
  file: `${step}.png`,
  size: 10,
  frame: false,
  info: {},
  ...more,
});
