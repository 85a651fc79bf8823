/** Who told: the kernel itself, or a server that reads what the run left on its disk. */
export type Via = "kernel" | "server";

/** Gets a message; says whether it could be used, or a whole one is needed. */
export type Listener = (data: ArrayBuffer | ArrayBufferView, via: Via) => boolean;

/** Where messages about a run come from. */
export interface RunSource {
  /** Begins to tell `listener`; what is returned ends it. */
  start(listener: Listener): () => void;
}
