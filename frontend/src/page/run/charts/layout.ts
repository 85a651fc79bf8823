import type { Group } from "../../../model/groups";

export const SIZES = ["small", "medium", "large"] as const;
export type Size = (typeof SIZES)[number];

/** What a person has made of one chart; what is left out is as it comes. */
export interface ChartLook {
  title?: string;
  wide?: boolean;
  hidden?: boolean;
  log?: boolean;
  min?: number | null;
  max?: number | null;
  /** Places in the palette, by the name of a curve. */
  colours?: Record<string, number>;
}

/** How somebody looks at the charts of a run: what is saved under a name. */
export interface Layout {
  kind: "charts";
  size: Size;
  axis: string;
  log: boolean;
  smoothing: number;
  search: string;
  /** Charts that were moved, in their order. */
  order: string[];
  /** Sections that are closed. */
  folded: string[];
  looks: Record<string, ChartLook>;
}

export const PLAIN: Layout = {
  kind: "charts",
  size: "medium",
  axis: "step",
  log: false,
  smoothing: 0,
  search: "",
  order: [],
  folded: [],
  looks: {},
};

export const isLayout = (value: unknown): value is Layout =>
  typeof value === "object" && value !== null && (value as Layout).kind === "charts";

/** A layout that somebody saved, with what another version left out. */
export const completed = (saved: Partial<Layout>): Layout => ({
  ...PLAIN,
  ...saved,
  kind: "charts",
});

export interface Section {
  /** What its charts' names begin with; empty for those without. */
  name: string;
  groups: Group[];
}

/** Where charts stand that share their beginning with no other. */
export const REST = "others";

/** `layer3/norm` is of `layer`: what only a number tells apart belongs together. */
function prefixOf(title: string): string {
  const slash = title.indexOf("/");
  return slash > 0 ? title.slice(0, slash).replace(/[._-]?\d+$/, "") || title.slice(0, slash) : "";
}

/** The charts by what their names begin with, each section in the order of the layout. */
export function sectionsOf(groups: readonly Group[], order: readonly string[]): Section[] {
  const sections = new Map<string, Group[]>();
  const add = (name: string, group: Group) => {
    const found = sections.get(name);
    if (found) found.push(group);
    else sections.set(name, [group]);
  };
  const counts = new Map<string, number>();
  for (const { title } of groups) {
    counts.set(prefixOf(title), (counts.get(prefixOf(title)) ?? 0) + 1);
  }
  for (const group of groups) {
    const name = prefixOf(group.title);
    add(name && counts.get(name) === 1 ? REST : name, group);
  }
  const place = new Map(order.map((title, at) => [title, at]));
  const rank = (name: string) => (name === "" ? 0 : name === REST ? 2 : 1);
  return [...sections]
    .map(([name, found]) => ({ name, groups: arranged(found, place) }))
    .sort((a, b) => rank(a.name) - rank(b.name));
}

/** Those that were moved come first, the others follow as they were. */
function arranged(groups: Group[], place: ReadonlyMap<string, number>): Group[] {
  const rank = ({ title }: Group) => place.get(title) ?? Infinity;
  return groups
    .map((group, at) => ({ group, at }))
    .sort((a, b) => {
      const [x, y] = [rank(a.group), rank(b.group)];
      return x === y ? a.at - b.at : x - y;
    })
    .map(({ group }) => group);
}

/** The order once a chart of a section has another place in it. */
export function moved(
  section: readonly string[],
  title: string,
  to: number,
  order: readonly string[],
) {
  const titles = section.filter((one) => one !== title);
  titles.splice(Math.max(0, Math.min(to, titles.length)), 0, title);
  return [...order.filter((one) => !titles.includes(one)), ...titles];
}
