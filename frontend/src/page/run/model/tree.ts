import type { LayerInfo } from "../../api";

/** A layer as a line of the table. */
export interface LayerRow {
  layer: LayerInfo;
  /** Its place among all. */
  at: number;
  /** It has parts of its own. */
  whole: boolean;
}

/**
 * The layers that are seen: of those in `closed` no parts. While something is searched for, those
 * that match with all that they lie in.
 */
export function rowsOf(
  layers: readonly LayerInfo[],
  closed: ReadonlySet<string>,
  search: string,
): LayerRow[] {
  const wanted = search.trim().toLowerCase();
  const matches = layers.map(({ name, type }) => `${name} ${type}`.toLowerCase().includes(wanted));
  const kept = wanted ? withWhatHoldsThem(layers, matches) : matches;
  const rows: LayerRow[] = [];
  let hidden = Infinity;
  layers.forEach((layer, at) => {
    if (layer.depth > hidden) return;
    hidden = !wanted && closed.has(layer.name) ? layer.depth : Infinity;
    if (!kept[at]) return;
    rows.push({ layer, at, whole: (layers[at + 1]?.depth ?? 0) > layer.depth });
  });
  return rows;
}

function withWhatHoldsThem(layers: readonly LayerInfo[], matches: readonly boolean[]): boolean[] {
  const kept = [...matches];
  const above: number[] = [];
  layers.forEach(({ depth }, at) => {
    above.length = depth;
    if (matches[at]) for (const one of above) if (one !== undefined) kept[one] = true;
    above[depth] = at;
  });
  return kept;
}

/** What a layer gave: `1 × 64 × 7 × 7`; of several, all. */
export function shapeText(shape: LayerInfo["output_shape"]): string {
  if (shape === null) return "";
  if (!Array.isArray(shape)) {
    return Object.entries(shape as Record<string, unknown>)
      .map(([name, one]) => `${name}: ${shapeText(one as unknown[])}`)
      .join(", ");
  }
  if (shape.some(Array.isArray)) {
    return shape.map((one) => shapeText(one as unknown[])).join(", ");
  }
  return shape.length ? shape.map((size) => (size === null ? "?" : String(size))).join(" × ") : "scalar";
}
