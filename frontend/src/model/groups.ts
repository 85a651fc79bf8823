/** Keys that share a chart: `train/loss` and `val/loss`. */
export interface Group {
  title: string;
  lines: { prefix: string; key: string }[];
}

// What a person looks at first, and what is mostly there to be looked up.
const TELLING =
  /loss|acc|f1|auc|reward|return|score|err|mse|mae|iou|map|bleu|rouge|perplex|ppl|precision|recall|(^|[/_.-])r2/i;
const DULL = /(^|[/_.])(epoch|step|iter|iteration|batch|lr|learning_rate|seed|time)/i;

/** What a person wants to see first has the lowest. */
export const rank = (title: string) => (DULL.test(title) ? 2 : TELLING.test(title) ? 0 : 1);

/** Whether a metric is one that tells how good a run is. */
export const isTelling = (title: string) => rank(title) === 0;

/** How many keys share a chart at most. */
export const MAX_KEYS = 8;

/**
 * Groups keys by what follows their first "/"; the most telling first. A key alone keeps its name,
 * and so do more of one kind than a person can tell apart.
 */
export function groupKeys(keys: Iterable<string>): Group[] {
  const groups = new Map<string, Group>();
  for (const key of keys) {
    const slash = key.indexOf("/");
    const inside = slash >= 0 && slash < key.length - 1;
    const title = inside ? key.slice(slash + 1) : key;
    const prefix = inside ? key.slice(0, slash) : "";
    let group = groups.get(title);
    if (!group) groups.set(title, (group = { title, lines: [] }));
    group.lines.push({ prefix, key });
  }
  const found = [...groups.values()].flatMap((group) =>
    group.lines.length > 1 && group.lines.length <= MAX_KEYS
      ? [group]
      : group.lines.map(({ key }) => ({ title: key, lines: [{ prefix: "", key }] })),
  );
  return found.sort((a, b) => rank(a.title) - rank(b.title));
}

/** A regular expression as it is typed: `null` while it is not one yet. */
export function parsePattern(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}

export const matches = (group: Group, pattern: RegExp) =>
  pattern.test(group.title) || group.lines.some(({ key }) => pattern.test(key));
