import { diffLines } from "diff";

import type { AttemptDetail, CellDetail, RunDetail } from "../../api";
import { differing, flatten } from "../overview/flatten";

interface Props {
  detail: RunDetail;
  cells: readonly CellDetail[];
  /** The executions that are held beside each other, the earlier one first. */
  pair: readonly [CellDetail, CellDetail];
  close: () => void;
}

/** What is not the same in two executions. */
export function AttemptDiff({ detail, pair, close }: Props) {
  const [before, after] = pair;
  const attemptOf = (cell: CellDetail): AttemptDetail | undefined =>
    detail.attempts.find(({ n }) => n === cell.attempt);
  const configs = pair.map((cell) => attemptOf(cell)?.config ?? {});
  const keys = differing(configs);
  const values = configs.map((one) => new Map(flatten(one).map(({ key, text }) => [key, text])));
  const same = before.source === after.source;
  return (
    <section class="nbt-box" aria-label="difference">
      <div class="nbt-box-head">
        <h2>
          {nameOf(before)} → {nameOf(after)}
        </h2>
        <button type="button" onClick={close}>
          close
        </button>
      </div>
      <h3>Source</h3>
      {same ? (
        <p class="nbt-muted">the same</p>
      ) : (
        <SourceDiff before={before.source} after={after.source} />
      )}
      <h3>Config</h3>
      {!keys.length ? (
        <p class="nbt-muted">the same</p>
      ) : (
        <div class="nbt-scroll" tabIndex={0}>
          <table class="nbt-table">
            <thead>
              <tr>
                <th scope="col">name</th>
                <th scope="col">{nameOf(before)}</th>
                <th scope="col">{nameOf(after)}</th>
              </tr>
            </thead>
            <tbody>
              {keys.map((key) => (
                <tr key={key}>
                  <th scope="row">{key}</th>
                  <td class="nbt-diff-removed">{values[0]?.get(key) ?? "–"}</td>
                  <td class="nbt-diff-added">{values[1]?.get(key) ?? "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export const nameOf = (cell: CellDetail) =>
  cell.attempt === null ? `cell ${cell.label}` : `attempt ${cell.attempt} ${cell.label}`;

export function SourceDiff({ before, after }: { before: string; after: string }) {
  const changes = diffLines(before, after);
  return (
    <pre class="nbt-source nbt-diff" tabIndex={0}>
      {changes.flatMap((change, at) => {
        const [sign, kind] = change.added
          ? ["+", "added"]
          : change.removed
            ? ["-", "removed"]
            : [" ", "same"];
        return change.value
          .replace(/\n$/, "")
          .split("\n")
          .map((line, index) => (
            <span key={`${at} ${index}`} class={`nbt-diff-${kind}`}>
              {sign} {line}
              {"\n"}
            </span>
          ));
      })}
    </pre>
  );
}
