import type { MediaEntry } from "../../api";
import { MAX_KEYS } from "../../../model/groups";

/** A box on a picture, in parts of its width and height. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  /** What stands at it. */
  text: string;
  /** The place of its colour in the palette. */
  colour: number;
}

/** Classes that cover parts of a picture. */
export interface Mask {
  file: string;
  labels: ReadonlyMap<number, string>;
}

/** What lies on a picture, under one name. */
export interface Layer {
  name: string;
  boxes: Box[];
  mask: Mask | null;
}

type Info = MediaEntry["info"];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const numberOf = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : NaN);

/** The boxes and masks of a picture, by the names that they were given. */
export function layersOf(info: Info): Layer[] {
  const layers: Layer[] = [];
  const classes = labelsOf(info.classes);
  for (const [name, group] of entriesOf(info.boxes)) {
    const labels = new Map([...classes, ...labelsOf(group.class_labels)]);
    const given = Array.isArray(group.box_data) ? group.box_data : [];
    const boxes = given.flatMap((one) => (isObject(one) ? (boxOf(one, labels, info) ?? []) : []));
    layers.push({ name, boxes, mask: null });
  }
  for (const [name, group] of entriesOf(info.masks)) {
    if (typeof group.file !== "string") continue;
    const labels = new Map([...classes, ...labelsOf(group.class_labels)]);
    layers.push({ name, boxes: [], mask: { file: group.file, labels } });
  }
  return layers;
}

const entriesOf = (value: unknown): [string, Record<string, unknown>][] =>
  isObject(value)
    ? Object.entries(value).filter((pair): pair is [string, Record<string, unknown>] => isObject(pair[1]))
    : [];

function labelsOf(value: unknown): Map<number, string> {
  if (Array.isArray(value)) {
    return new Map(
      value.flatMap((one: unknown) =>
        isObject(one) && typeof one.id === "number" ? [[one.id, String(one.name)] as const] : [],
      ),
    );
  }
  if (!isObject(value)) return new Map();
  return new Map(Object.entries(value).map(([id, name]) => [Number(id), String(name)]));
}

function boxOf(
  one: Record<string, unknown>,
  labels: ReadonlyMap<number, string>,
  info: Info,
): Box | null {
  const position = isObject(one.position) ? one.position : {};
  const pixels = one.domain === "pixel";
  const wide = pixels ? numberOf(info.width) : 1;
  const high = pixels ? numberOf(info.height) : 1;
  const [left, right, top, bottom] = edgesOf(position);
  const box = {
    x: left / wide,
    y: top / high,
    width: (right - left) / wide,
    height: (bottom - top) / high,
  };
  if (!Object.values(box).every(Number.isFinite) || box.width <= 0 || box.height <= 0) return null;
  const kind = numberOf(one.class_id);
  const said = typeof one.box_caption === "string" ? one.box_caption : (labels.get(kind) ?? "");
  return { ...box, text: said, colour: colourOf(kind) };
}

function edgesOf(position: Record<string, unknown>): [number, number, number, number] {
  if (Array.isArray(position.middle)) {
    const [x, y] = [numberOf(position.middle[0]), numberOf(position.middle[1])];
    const [width, height] = [numberOf(position.width), numberOf(position.height)];
    return [x - width / 2, x + width / 2, y - height / 2, y + height / 2];
  }
  return [
    numberOf(position.minX),
    numberOf(position.maxX),
    numberOf(position.minY),
    numberOf(position.maxY),
  ];
}

/** Each class has a colour of the palette. */
export const colourOf = (kind: number) =>
  Number.isInteger(kind) && kind >= 0 ? kind % MAX_KEYS : 0;
