import type { AnyModel } from "../host";
import type { Listener, RunSource } from "./source";

/** Messages of the kernel, through the widget's comm. */
export class CommSource implements RunSource {
  constructor(private readonly model: AnyModel) {}

  start(listener: Listener): () => void {
    const onMessage = (content: unknown, buffers?: ArrayBufferView[]) => {
      const [data] = buffers ?? [];
      if ((content as { type?: string } | null)?.type === "update" && data) {
        listener(data, "kernel");
      }
    };
    this.model.on("msg:custom", onMessage);
    const last = this.model.get("last") as ArrayBufferView | undefined;
    if (last?.byteLength) listener(last, "kernel");
    return () => this.model.off("msg:custom", onMessage);
  }
}
