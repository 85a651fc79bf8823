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
import { Tree } from "./TreeView";
import { rowsOf, treeOf } from "./tree";

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
        <Tree
          label="files"
          rows={rows}
          isOpen={isOpen}
          selected={file}
          toggle={toggle}
          choose={({ path }) => choose(path, true)}
        />
      </div>
      <div class="nbt-preview">
        {file ? (
          <Preview key={file.path} file={file} url={(query) => apiUrl(filePath(state, file.path), query)} />
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
