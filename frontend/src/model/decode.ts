import type { Update } from "../wire";

export const WIRE_VERSION = 1;

/** Numbers of one bucket: x and y of its two extremes. */
export const WIDTH = 4;

export interface Message {
  update: Update;
  /** The points of all parts, one part after the other. */
  points: Float64Array;
}

/** Takes a message apart; `null` for one of another version, or none at all. */
export function decode(data: ArrayBuffer | ArrayBufferView): Message | null {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  if (bytes.byteLength < 8) return null;
  const head = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(bytes.subarray(4, 4 + head));
  const update = JSON.parse(text) as Update;
  if (update.wire !== WIRE_VERSION) return null;
  // A copy, since what comes over a socket need not be aligned.
  const points = new Float64Array(bytes.slice(4 + head).buffer);
  return { update, points };
}
