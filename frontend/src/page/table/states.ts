import type { RunRow } from "../api";

export type RunState = RunRow["state"];

export const STATES: readonly RunState[] = ["running", "finished", "failed", "crashed"];

export const isState = (text: string): text is RunState => STATES.some((one) => one === text);
