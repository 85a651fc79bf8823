import type { Lineage, LineageNode } from "../../api";

/** A node with its place: which column, and where in it. */
export interface Placed {
  node: LineageNode;
  x: number;
  y: number;
}

export interface Line {
  key: string;
  path: string;
  /** It touches what was asked for. */
  near: boolean;
}

export interface Graph {
  placed: Placed[];
  lines: Line[];
  width: number;
  height: number;
}

export const WIDTH = 166;
export const HEIGHT = 44;
const GAP = 42;
const SPACE = 14;

/** Places what came before on the left, what came after on the right, in the order in which it came. */
export function graphOf({ nodes, edges }: Lineage): Graph {
  const columns = new Map<number, LineageNode[]>();
  for (const node of nodes) {
    const column = columns.get(node.rank);
    if (column) column.push(node);
    else columns.set(node.rank, [node]);
  }
  const ranks = [...columns.keys()].sort((a, b) => a - b);
  const tallest = Math.max(1, ...[...columns.values()].map(({ length }) => length));
  const height = tallest * HEIGHT + (tallest - 1) * SPACE;
  const at = new Map<string, Placed>();
  ranks.forEach((rank, place) => {
    const column = arranged(columns.get(rank) ?? [], edges, at);
    const used = column.length * HEIGHT + (column.length - 1) * SPACE;
    column.forEach((node, index) =>
      at.set(node.id, {
        node,
        x: place * (WIDTH + GAP),
        y: (height - used) / 2 + index * (HEIGHT + SPACE),
      }),
    );
  });
  const lines = edges.flatMap(({ start, end }) => {
    const [a, b] = [at.get(start), at.get(end)];
    if (!a || !b) return [];
    return [{ key: `${start} ${end}`, path: curve(a, b), near: !a.node.rank || !b.node.rank }];
  });
  return {
    placed: [...at.values()],
    lines,
    width: Math.max(1, ranks.length) * (WIDTH + GAP) - GAP,
    height,
  };
}

/** A column in the order of what it comes from, so that few lines cross. */
function arranged(
  column: LineageNode[],
  edges: Lineage["edges"],
  at: ReadonlyMap<string, Placed>,
): LineageNode[] {
  const place = (node: LineageNode) => {
    const found = edges.flatMap(({ start, end }) => {
      const other = end === node.id ? at.get(start) : start === node.id ? at.get(end) : undefined;
      return other ? [other.y] : [];
    });
    return found.length ? found.reduce((sum, y) => sum + y, 0) / found.length : 0;
  };
  const places = new Map(column.map((node) => [node, place(node)]));
  return [...column].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}

/** From the right end of one to the left end of another; around, where that lies behind. */
function curve(a: Placed, b: Placed): string {
  const [x1, y1] = [a.x + WIDTH, a.y + HEIGHT / 2];
  const [x2, y2] = [b.x - 5, b.y + HEIGHT / 2];
  const bend = Math.max(GAP / 2, Math.abs(x2 - x1) / 2);
  return `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
}
