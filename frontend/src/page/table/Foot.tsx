import { useState } from "preact/hooks";

import { server } from "../client";
import { count, type Change } from "./edits";
import { Menu } from "./Menu";
import { MOST_COMPARED, type Table } from "./table";

/** What there is, what is selected, and what can be done with that. */
export function Foot({ table }: { table: Table }) {
  const head = table.runs.head.value;
  const size = table.selection.size.value;
  return (
    <footer class="nbt-foot">
      {size > 0 ? <Marked table={table} size={size} /> : <span aria-live="polite">{describe(table)}</span>}
      <span class="nbt-space" />
      {head && head.unreadable.length > 0 && (
        <Menu
          label={`${head.unreadable.length} unreadable`}
          title="runs that cannot be read, and why"
          right
          up
        >
          {() => (
            <ul class="nbt-unreadable" tabIndex={0}>
              {head.unreadable.map(({ id, reason }) => (
                <li key={id}>
                  <b class="nbt-code">{id}</b>
                  <span>{reason}</span>
                </li>
              ))}
            </ul>
          )}
        </Menu>
      )}
      {size === 0 && (
        <span class="nbt-muted nbt-foot-hint">
          <kbd>j</kbd> <kbd>k</kbd> move <kbd>space</kbd> select <kbd>?</kbd> keys
        </span>
      )}
    </footer>
  );
}

function describe(table: Table): string {
  const head = table.runs.head.value;
  if (!head) return "";
  const { trash } = table.state.value;
  const number = (value: number) => value.toLocaleString("en");
  const words = [
    head.matched === head.total || trash
      ? count(head.matched)
      : `${number(head.matched)} of ${count(head.total)}`,
  ];
  if (trash) words.push("in the trash");
  if (head.groups.length) words.push(`${number(head.groups.length)} ${head.groups.length === 1 ? "group" : "groups"}`);
  if (head.running) words.push(`${number(head.running)} running`);
  return words.join(" · ");
}

function Marked({ table, size }: { table: Table; size: number }) {
  const { trash } = table.state.value;
  const mayEdit = !server.value?.read_only;
  const busy = table.edits.busy.value;
  const runs = () => [...table.selection.runs.value.values()];
  const apply = async (change: Change) => {
    await table.edits.apply(runs(), change);
    if (change.kind === "discard" || change.kind === "restore") table.selection.clear();
  };
  return (
    <div class="nbt-marked" role="toolbar" aria-label="selected runs">
      <b aria-live="polite">{size.toLocaleString("en")} selected</b>
      <button
        type="button"
        class="nbt-primary"
        disabled={size < 2}
        title={size > MOST_COMPARED ? `the first ${MOST_COMPARED}` : "charts and differences (c)"}
        onClick={() => table.compare()}
      >
        compare
      </button>
      {mayEdit && (
        <>
          <Menu label="tag" title="tag the selected runs" up disabled={busy}>
            {(close) => (
              <TagForm take={(tag) => (close(), void apply({ kind: "tag", tag }))} />
            )}
          </Menu>
          <Menu label="untag" title="take a tag off the selected runs" up disabled={busy}>
            {(close) => (
              <TagsOf table={table} take={(tag) => (close(), void apply({ kind: "untag", tag }))} />
            )}
          </Menu>
          <button
            type="button"
            disabled={busy}
            title={trash ? "bring them back" : "put them out of sight; nothing is lost (Delete)"}
            onClick={() => void apply({ kind: trash ? "restore" : "discard" })}
          >
            {trash ? "bring back" : "to the trash"}
          </button>
        </>
      )}
      <button type="button" class="nbt-quiet" title="Escape" onClick={() => table.selection.clear()}>
        clear
      </button>
    </div>
  );
}

function TagForm({ take }: { take: (tag: string) => void }) {
  const [tag, setTag] = useState("");
  return (
    <form
      class="nbt-buttons"
      onSubmit={(event) => {
        event.preventDefault();
        if (tag.trim()) take(tag.trim());
      }}
    >
      <input
        class="nbt-field"
        placeholder="tag"
        aria-label="tag"
        maxLength={128}
        value={tag}
        onInput={(event) => setTag(event.currentTarget.value)}
      />
      <button type="submit" disabled={!tag.trim()}>
        tag
      </button>
    </form>
  );
}

function TagsOf({ table, take }: { table: Table; take: (tag: string) => void }) {
  const tags = new Set([...table.selection.runs.value.values()].flatMap((run) => run.tags));
  if (!tags.size) return <p class="nbt-muted">they have no tags</p>;
  return (
    <div class="nbt-choices nbt-drop-scroll">
      {[...tags].sort().map((tag) => (
        <button type="button" key={tag} class="nbt-item" onClick={() => take(tag)}>
          <span class="nbt-cut">{tag}</span>
        </button>
      ))}
    </div>
  );
}
