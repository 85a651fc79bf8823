import { formatBytes } from "../../../model/format";
import type { Leaf, Row } from "./tree";

interface Props<T extends Leaf> {
  label: string;
  rows: readonly Row<T>[];
  isOpen: (path: string) => boolean;
  selected: T | undefined;
  toggle: (path: string) => void;
  choose: (file: T) => void;
}

/** Folders and files, to be walked through with the arrow keys. */
export function Tree<T extends Leaf>({ label, rows, isOpen, selected, toggle, choose }: Props<T>) {
  return (
    <ul role="tree" aria-label={label} onKeyDown={onKeyDown}>
      {rows.map((row, at) => (
        <TreeRow
          key={row.folder?.path ?? row.file?.path}
          row={row}
          open={row.folder ? isOpen(row.folder.path) : undefined}
          selected={row.file !== undefined && row.file === selected}
          first={at === 0}
          act={() => (row.folder ? toggle(row.folder.path) : row.file && choose(row.file))}
        />
      ))}
    </ul>
  );
}

interface RowProps<T extends Leaf> {
  row: Row<T>;
  open: boolean | undefined;
  selected: boolean;
  first: boolean;
  act: () => void;
}

function TreeRow<T extends Leaf>({ row, open, selected, first, act }: RowProps<T>) {
  const name = row.folder?.name ?? row.file?.path.split("/").at(-1) ?? "";
  return (
    <li role="none">
      <button
        type="button"
        role="treeitem"
        class={`nbt-quiet nbt-tree-row${selected ? " nbt-selected" : ""}`}
        aria-expanded={open}
        aria-selected={selected}
        aria-level={row.depth + 1}
        data-first={first || undefined}
        style={{ paddingLeft: `${8 + 16 * row.depth}px` }}
        onClick={act}
      >
        <span class="nbt-tree-sign" aria-hidden="true">
          {open === undefined ? "" : open ? "▾" : "▸"}
        </span>
        <span class="nbt-cut" title={row.file?.path ?? row.folder?.path}>
          {name}
        </span>
        <span class="nbt-muted nbt-number">
          {sizeOf(row)}
        </span>
      </button>
    </li>
  );
}

/** Up and down through the tree, left and right to close and open. */
function onKeyDown(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=treeitem]")];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const here = all[at];
  if (!here) return;
  const expanded = here.getAttribute("aria-expanded");
  if (event.key === "ArrowDown") all[at + 1]?.focus();
  else if (event.key === "ArrowUp") all[at - 1]?.focus();
  else if (event.key === "Home") all[0]?.focus();
  else if (event.key === "End") all.at(-1)?.focus();
  else if (event.key === "ArrowRight" && expanded === "false") here.click();
  else if (event.key === "ArrowLeft" && expanded === "true") here.click();
  else return;
  event.preventDefault();
}

function sizeOf<T extends Leaf>({ folder, file }: Row<T>): string {
  const size = folder ? folder.size : (file?.size ?? null);
  return size === null ? "" : formatBytes(size);
}
