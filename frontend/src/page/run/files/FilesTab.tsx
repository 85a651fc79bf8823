import { useMemo, useState } from "preact/hooks";

import { formatBytes } from "../../../model/format";
import type { Files } from "../../api";
import { apiUrl, get } from "../../client";
import { Problem } from "../../Problem";
import { useLoaded } from "../../useLoaded";
import type { RunState } from "../state";
import { useParam } from "../useParam";
import { filePath } from "./paths";
import { Preview } from "./Preview";
import { rowsOf, treeOf, type Row } from "./tree";

/** The run's own folder. */
export function FilesTab({ state }: { state: RunState }) {
  const loaded = useLoaded(`${state.path} ${state.state.value}`, (abort) =>
    get<Files>(`${state.path}/files`, {}, abort),
  );
  const [chosen, choose] = useParam("file");
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const files = loaded.value?.files ?? [];
  const root = useMemo(() => treeOf(files), [files]);
  // What nbtrack itself keeps there is many small files that say little.
  const isOpen = (path: string) =>
    turned.has(path) !== (path === "files/" || chosen.startsWith(path));
  const rows = rowsOf(root, isOpen);
  const file = chosen ? files.find(({ path }) => path === chosen) : files[0];
  if (!loaded.value) {
    return loaded.error ? (
      <Problem error={loaded.error} again={loaded.again} />
    ) : (
      <p class="nbt-hint">loading the files …</p>
    );
  }
  if (!files.length) return <div class="nbt-empty">This run has no files.</div>;
  const toggle = (path: string) => {
    const next = new Set(turned);
    if (!next.delete(path)) next.add(path);
    setTurned(next);
  };
  return (
    <div class="nbt-files">
      <div class="nbt-tree">
        <p class="nbt-muted nbt-number">
          {files.length.toLocaleString()} {files.length === 1 ? "file" : "files"},{" "}
          {formatBytes(root.size)}
          {loaded.value.more && "; there are more than can be shown"}
        </p>
        <ul role="tree" aria-label="files" onKeyDown={onKeyDown}>
          {rows.map((row, at) => (
            <TreeRow
              key={row.folder?.path ?? row.file?.path}
              row={row}
              open={row.folder ? isOpen(row.folder.path) : undefined}
              selected={row.file !== undefined && row.file === file}
              first={at === 0}
              act={() =>
                row.folder ? toggle(row.folder.path) : choose(row.file?.path ?? null, true)
              }
            />
          ))}
        </ul>
      </div>
      <div class="nbt-preview">
        {file ? (
          <Preview key={file.path} state={state} file={file} />
        ) : (
          <div class="nbt-empty">
            {chosen ? (
              <p>
                There is no file <code class="nbt-code">{chosen}</code> in this run.
              </p>
            ) : (
              <p class="nbt-muted">Choose a file to look at it.</p>
            )}
          </div>
        )}
      </div>
    </div>
  );
}

interface RowProps {
  row: Row;
  open: boolean | undefined;
  selected: boolean;
  first: boolean;
  act: () => void;
}

function TreeRow({ row, open, selected, first, act }: RowProps) {
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
          {formatBytes(row.folder?.size ?? row.file?.size ?? 0)}
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

export const downloadUrl = (state: RunState, path: string) =>
  apiUrl(filePath(state, path), { download: 1 });
