import type { ComponentChildren } from "preact";

import { formatDuration } from "../../../model/format";
import type { RunDetail } from "../../api";
import { Copy } from "./Values";

export const dateTime = (micros: number) =>
  new Date(micros / 1e3).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Where, with what and how long a run ran. */
export function Facts({ detail, seconds }: { detail: RunDetail; seconds: number | null }) {
  const { git_commit: commit } = detail;
  const command = detail.command?.map(quoted).join(" ");
  return (
    <dl class="nbt-facts-list">
      <Fact name="started">{dateTime(detail.started)}</Fact>
      <Fact name="ended">{detail.ended !== null && dateTime(detail.ended)}</Fact>
      <Fact name="duration">{seconds !== null && formatDuration(seconds)}</Fact>
      <Fact name="project">{detail.project}</Fact>
      <Fact name="group">{detail.group}</Fact>
      <Fact name="job type">{detail.job_type}</Fact>
      <Fact name="notebook" code>
        {detail.notebook}
      </Fact>
      <Fact name="command" code copy={command}>
        {command}
      </Fact>
      <Fact name="folder" code copy={detail.cwd}>
        {detail.cwd}
      </Fact>
      <Fact name="git" code copy={commit}>
        {commit && `${commit.slice(0, 10)}${detail.git_branch ? ` on ${detail.git_branch}` : ""}`}
      </Fact>
      <Fact name="host">{detail.host}</Fact>
      <Fact name="user">{detail.user}</Fact>
      <Fact name="system">{detail.os}</Fact>
      <Fact name="Python">{detail.python}</Fact>
      <Fact name="nbtrack">{detail.nbtrack}</Fact>
      <Fact name="rows">{detail.rows.toLocaleString()}</Fact>
      <Fact name="rows dropped">{detail.dropped > 0 && detail.dropped.toLocaleString()}</Fact>
      <Fact name="id" code copy={detail.id}>
        {detail.id}
      </Fact>
      <Fact name="files" code copy={detail.path}>
        {detail.path}
      </Fact>
    </dl>
  );
}

interface FactProps {
  name: string;
  children: ComponentChildren;
  code?: boolean;
  copy?: string | null | undefined;
}

/** A line, if there is anything to say. */
function Fact({ name, children, code, copy }: FactProps) {
  if (!children) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class={code ? "nbt-code" : undefined}>{children}</span>
        {copy && <Copy text={copy} of={name} />}
      </dd>
    </div>
  );
}

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
