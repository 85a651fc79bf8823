import { useMemo, useState } from "preact/hooks";

import type { Entries as Found, Entry, VersionCard } from "../../api";
import { get } from "../../client";
import { Problem } from "../../Problem";
import { useTyped } from "../../table/useTyped";
import { useLoaded } from "../../useLoaded";
import { Preview } from "../files/Preview";
import { Tree } from "../files/TreeView";
import { rowsOf, treeOf } from "../files/tree";
import { Copy } from "../overview/Values";
import { useParam } from "../useParam";
import { entryUrl, versionPath } from "./paths";

/** Entries that are shown at once; more are searched for. */
const MOST = 1000;
/** Of fewer all folders are open. */
const FEW = 30;

interface Props {
  store: string;
  name: string;
  version: VersionCard;
}

/** What is in a version: a tree, and one file of it. */
export function Entries({ store, name, version }: Props) {
  const [search, setSearch] = useState("");
  const [text, type, finish] = useTyped(search, setSearch);
  const [chosen, choose] = useParam("entry");
  const [turned, setTurned] = useState<ReadonlySet<string>>(new Set());
  const path = versionPath(store, name, version.version);
  const loaded = useLoaded(`${path} ${search}`, (abort) =>
    get<Found>(`${path}/entries`, { search, limit: MOST }, abort),
  );
  const entries = loaded.value?.entries ?? [];
  const root = useMemo(() => treeOf(entries), [entries]);
  const many = entries.length > FEW;
  const isOpen = (folder: string) =>
    turned.has(folder) !== (!many || search !== "" || chosen.startsWith(folder));
  const entry = entries.find((one) => one.path === chosen);
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <p class="nbt-hint">loading the files …</p>;
  const toggle = (folder: string) => {
    const next = new Set(turned);
    if (!next.delete(folder)) next.add(folder);
    setTurned(next);
  };
  const { total, matched } = loaded.value;
  return (
    <section class="nbt-box" aria-label="Content">
      <div class="nbt-box-head">
        <h2>
          Content <span class="nbt-muted nbt-number">{total.toLocaleString()}</span>
        </h2>
        {total > 5 && (
          <input
            type="search"
            class="nbt-search"
            placeholder="search paths"
            aria-label="search paths"
            value={text}
            onInput={({ currentTarget }) => type(currentTarget.value)}
            onBlur={finish}
          />
        )}
      </div>
      {!total && <p class="nbt-muted">nothing is in it</p>}
      {total > 0 && !matched && <p class="nbt-muted">no path matches</p>}
      <div class="nbt-entries">
        <Tree
          label="content"
          rows={rowsOf(root, isOpen)}
          isOpen={isOpen}
          selected={entry}
          toggle={toggle}
          choose={(one) => choose(one.path, true)}
        />
      </div>
      {matched > entries.length && (
        <p class="nbt-muted">
          {(matched - entries.length).toLocaleString()} more: search for their paths
        </p>
      )}
      {entry && <Content store={store} name={name} version={version} entry={entry} />}
    </section>
  );
}

function Content({ store, name, version, entry }: Props & { entry: Entry }) {
  if (entry.uri !== null) {
    return (
      <p>
        This is not kept here but at <code class="nbt-code">{entry.uri}</code>
        <Copy text={entry.uri} of="where it is" />
      </p>
    );
  }
  return (
    <div class="nbt-entry">
      <Preview
        key={entry.path}
        file={{ path: entry.path, size: entry.size ?? 0, kind: entry.kind }}
        url={(query) => entryUrl(store, name, version.version, entry.path, query)}
      />
    </div>
  );
}
