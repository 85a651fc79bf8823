/** A value with the way to it, `optimizer.lr`. */
export interface Leaf {
  key: string;
  text: string;
  isNumber: boolean;
}

// JSON has no words of its own for these; the server says them as texts.
const SPECIAL = new Set(["NaN", "Infinity", "-Infinity"]);
const DEEPEST = 12;

/** All values of a nested mapping, in its order. */
export function flatten(values: Record<string, unknown>): Leaf[] {
  const found: Leaf[] = [];
  const add = (key: string, value: unknown, depth: number) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value) && depth < DEEPEST) {
      const entries = Object.entries(value);
      for (const [name, inner] of entries) add(key ? `${key}.${name}` : name, inner, depth + 1);
      if (entries.length || !key) return;
    }
    found.push({
      key,
      text: textOf(value),
      isNumber: typeof value === "number" || SPECIAL.has(value as string),
    });
  };
  add("", values, 0);
  return found;
}

export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  return JSON.stringify(value);
}

/** The values that are not the same in all of several mappings. */
export function differing(all: Record<string, unknown>[]): string[] {
  const flat = all.map((one) => new Map(flatten(one).map(({ key, text }) => [key, text])));
  const keys = [...new Set(flat.flatMap((one) => [...one.keys()]))];
  return keys.filter((key) => new Set(flat.map((one) => one.get(key))).size > 1);
}
