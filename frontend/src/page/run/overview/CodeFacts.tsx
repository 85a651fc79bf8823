import type { ComponentChildren } from "preact";

import type { Code, CodeInfo, RunDetail } from "../../api";
import { get } from "../../client";
import { Link } from "../../Link";
import { Problem } from "../../Problem";
import { runUrl } from "../../router";
import { useLoaded } from "../../useLoaded";
import type { RunState } from "../state";
import { dateTime } from "./Facts";
import { Copy } from "./Values";

const FEW = 12;

/** From which code a run came: one part for each process that it was resumed in. */
export function CodeFacts({ state, detail }: { state: RunState; detail: RunDetail }) {
  const { value, error, again } = useLoaded(
    `${state.path} ${state.state.value} ${detail.attempts.length}`,
    (abort) => get<Code>(`${state.path}/code`, {}, abort),
  );
  if (error) return <Problem error={error} again={again} />;
  const parts = value?.parts ?? [];
  if (!parts.length) return null;
  return (
    <section class="nbt-box" aria-label="Code">
      <h2>Code</h2>
      {parts.map((part, at) => (
        <Part
          key={part.writer}
          state={state}
          part={part}
          before={parts[at - 1] ?? null}
          title={parts.length > 1 ? `part ${at + 1}, ${dateTime(part.time)}` : ""}
        />
      ))}
    </section>
  );
}

interface PartProps {
  state: RunState;
  part: CodeInfo;
  before: CodeInfo | null;
  title: string;
}

function Part({ state, part, before, title }: PartProps) {
  const { commit, remote, branch } = part;
  const changed = before ? differing(before.packages, part.packages) : [];
  const left = Object.entries(part.left_out);
  // Of later parts they lie beside what is known of them.
  const file = (name: string) =>
    `${runUrl(state.store, state.run, "files")}?file=${part.first ? "" : `code/${part.writer}.`}${name}`;
  return (
    <>
      {title && <h3 class="nbt-muted">{title}</h3>}
      <dl class="nbt-facts-list">
        {commit && (
          <Fact name="commit">
            <span class="nbt-code">{commit.slice(0, 12)}</span>
            {branch && ` on ${branch}`}
            <Copy text={commit} of="commit" />
          </Fact>
        )}
        {remote && (
          <Fact name="remote">
            <span class="nbt-code">{remote}</span>
            <Copy text={remote} of="remote" />
          </Fact>
        )}
        {part.dirty !== null && (
          <Fact name="changes">
            {part.dirty ? (
              <Link href={file("diff.patch")}>what differed from the commit</Link>
            ) : (
              "none: it was as committed"
            )}
          </Fact>
        )}
        {part.entry && (
          <Fact name="script">
            <span class="nbt-code">{part.entry}</span>
          </Fact>
        )}
        <Fact name="packages">
          {Object.keys(part.packages).length.toLocaleString()} installed
          {Object.keys(part.packages).length > 0 && (
            <>
              {" · "}
              <Link href={file("requirements.txt")}>requirements.txt</Link>
            </>
          )}
        </Fact>
        {before && before.commit !== commit && (
          <Fact name="differs">another commit than in the part before</Fact>
        )}
        {before && before.python !== part.python && (
          <Fact name="Python">
            {before.python} → {part.python}
          </Fact>
        )}
        {changed.length > 0 && (
          <Fact name="differ">
            {changed
              .slice(0, FEW)
              .map(([name, old, now]) => `${name} ${old ?? "–"} → ${now ?? "–"}`)
              .join(", ")}
            {changed.length > FEW && ` and ${changed.length - FEW} more`}
          </Fact>
        )}
        {left.length > 0 && (
          <Fact name="left out">
            {left
              .slice(0, FEW)
              .map(([path, why]) => `${path} (${why})`)
              .join(", ")}
            {left.length > FEW && ` and ${left.length - FEW} more`}
          </Fact>
        )}
        {part.masked.length > 0 && (
          <Fact name="masked">secrets in {part.masked.slice(0, FEW).join(", ")}</Fact>
        )}
        {part.problem && <Fact name="problem">{part.problem}</Fact>}
        <Fact name="get it back">
          <code class="nbt-code">nbtrack restore {state.run} --to DIR</code>
          <Copy text={`nbtrack restore ${state.run} --to DIR`} of="how to get the code back" />
        </Fact>
      </dl>
    </>
  );
}

/** Packages that are not the same in both: name, version before, version now. */
export function differing(
  before: Record<string, string>,
  now: Record<string, string>,
): [string, string | undefined, string | undefined][] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names.flatMap((name) =>
    before[name] === now[name] ? [] : [[name, before[name], now[name]] as [string, string | undefined, string | undefined]],
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
