import { server } from "../client";
import { go, runUrl } from "../router";
import type { Table } from "./table";
import { HEAD, ROW } from "./useLines";

/** What the keys do, for people to read. */
export const KEYS: readonly (readonly [string, string])[] = [
  ["j  k  ↓  ↑", "next and previous line"],
  ["PgDn  PgUp  Home  End", "further"],
  ["space  x", "select; with shift: all from the last one"],
  ["ctrl A", "select all that match"],
  ["Escape", "select none"],
  ["Enter  o", "open the run; fold or unfold a group"],
  ["←  →", "fold and unfold the group"],
  ["c", "compare what is selected"],
  ["Delete", "put what is selected into the trash, or bring it back"],
  ["z", "undo the last change"],
  ["/", "search"],
  ["f", "filter"],
  ["alt ← →", "on a column's head: its width"],
  ["ctrl ← →", "on a column's head: its place"],
  ["?", "these keys"],
];

const isTyped = (element: Element | null) =>
  !!element?.closest("input:not([type=checkbox]), textarea, select, [contenteditable], .nbt-drop-panel, dialog[open]");

/** Does what a key asks for. True if it was one of ours. */
export function press(table: Table, event: KeyboardEvent, help: () => void): boolean {
  const target = event.target as Element | null;
  if (isTyped(target)) {
    if (event.key === "Escape" && target?.matches("#nbt-search, #nbt-filter")) {
      document.getElementById("nbt-grid")?.focus();
      return true;
    }
    return false;
  }
  const { key, shiftKey } = event;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "a") {
    void table.markAll();
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  // Enter and space are for buttons and links that have the focus.
  if ((key === "Enter" || key === " ") && target?.closest("button, a, summary, input")) return false;
  const active = table.active.value;
  const last = table.places.value.count - 1;
  const page = Math.max(1, Math.floor(((document.getElementById("nbt-grid")?.clientHeight ?? 600) - HEAD) / ROW) - 1);
  const move = (to: number) => {
    if (last < 0) return;
    table.active.value = Math.min(last, Math.max(0, to));
    if (shiftKey && active >= 0) void table.mark(table.active.value, true);
  };
  switch (key) {
    case "j":
    case "J":
    case "ArrowDown":
      move(active + 1);
      return true;
    case "k":
    case "K":
    case "ArrowUp":
      move(active < 0 ? 0 : active - 1);
      return true;
    case "PageDown":
      move(Math.max(0, active) + page);
      return true;
    case "PageUp":
      move(active - page);
      return true;
    case "Home":
      move(0);
      return true;
    case "End":
      move(last);
      return true;
    case " ":
    case "x":
    case "X":
      if (active >= 0) void table.mark(active, shiftKey);
      return true;
    case "Enter":
    case "o":
      return open(table);
    case "ArrowLeft":
    case "ArrowRight":
      return fold(table, key === "ArrowLeft");
    case "Escape":
      if (table.selection.size.value) table.selection.clear();
      else table.active.value = -1;
      return true;
    case "c":
      if (table.selection.size.value > 1) table.compare();
      return true;
    case "Delete":
      discard(table);
      return true;
    case "z":
      void table.edits.notice.value?.undo?.();
      return true;
    case "/":
      document.getElementById("nbt-search")?.focus();
      return true;
    case "f":
      document.getElementById("nbt-filter")?.focus();
      return true;
    case "?":
      help();
      return true;
    default:
      return false;
  }
}

function open(table: Table): boolean {
  const line = table.places.value.lineAt(table.active.value);
  if (!line) return false;
  if (line.kind === "group") table.fold(line.group);
  const run = table.runAt(table.active.value);
  if (run) go(runUrl(table.store.value, run.id));
  return true;
}

function fold(table: Table, closes: boolean): boolean {
  const places = table.places.value;
  const line = places.lineAt(table.active.value);
  if (!line || !table.state.value.group) return false;
  if (line.kind === "group") {
    if (line.folded !== closes) table.fold(line.group);
  } else if (closes) {
    table.active.value = places.headOf(places.groupOf(line.run));
  }
  return true;
}

function discard(table: Table): void {
  const runs = [...table.selection.runs.value.values()];
  if (!runs.length || server.value?.read_only) return;
  const kind = table.state.value.trash ? "restore" : "discard";
  void table.edits.apply(runs, { kind }).then(() => table.selection.clear());
}
