import type { ComponentChildren } from "preact";

import { StateIcon } from "../../../components/StateIcon";
import { formatBytes } from "../../../model/format";
import type { ArtifactDetail, RunLink, VersionCard } from "../../api";
import { get } from "../../client";
import { Link } from "../../Link";
import { Problem } from "../../Problem";
import { runUrl } from "../../router";
import { useLoaded } from "../../useLoaded";
import { dateTime } from "../overview/Facts";
import { Copy, Values } from "../overview/Values";
import type { RunState } from "../state";
import { Entries } from "./Entries";
import { LineageGraph } from "./LineageGraph";
import { artifactPath, labelOf, versionPath, type Chosen } from "./paths";

interface Props {
  state: RunState;
  chosen: Chosen;
  moment: string;
  pick: (label: string | null) => void;
}

/** One version of an artifact, and the way to the others. */
export function Artifact({ state, chosen, moment, pick }: Props) {
  const { store } = state;
  const loaded = useLoaded(`${store} ${chosen.name} ${moment}`, (abort) =>
    get<ArtifactDetail>(artifactPath(store, chosen.name), {}, abort),
  );
  if (loaded.error) return <Problem error={loaded.error} again={loaded.again} />;
  if (!loaded.value) return <p class="nbt-hint">loading the artifact …</p>;
  const { name, type, versions } = loaded.value;
  const version =
    chosen.version === null
      ? versions[0]
      : versions.find((one) => one.version === chosen.version);
  if (!version) {
    return (
      <div class="nbt-empty">
        <p>There is no version {chosen.version} of {name} any more.</p>
        <button type="button" onClick={() => pick(name)}>
          the newest
        </button>
      </div>
    );
  }
  const label = labelOf(name, version.version);
  const path = versionPath(store, name, version.version);
  return (
    <article class="nbt-artifact" aria-label={label}>
      <header class="nbt-preview-head">
        <h2 class="nbt-cut" title={name}>
          {name} <span class="nbt-muted">{type}</span>
        </h2>
        <label class="nbt-smooth">
          version
          <select
            value={version.version}
            onChange={(event) => pick(labelOf(name, Number(event.currentTarget.value)))}
          >
            {versions.map((one) => (
              <option key={one.version} value={one.version}>
                {[`v${one.version}`, ...one.aliases].join(" · ")}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="nbt-close" onClick={() => pick(null)}>
          close
        </button>
      </header>
      <Facts state={state} label={label} version={version} />
      {version.description && <p class="nbt-prose">{version.description}</p>}
      <section class="nbt-box" aria-label="Lineage">
        <h2>Lineage</h2>
        <LineageGraph key={path} store={store} run={state.run} path={path} moment={moment} />
      </section>
      <Entries key={label} store={store} name={name} version={version} />
      {Object.keys(version.metadata).length > 0 && (
        <Values title="Metadata" values={version.metadata} hint="" />
      )}
    </article>
  );
}

interface FactsProps {
  state: RunState;
  label: string;
  version: VersionCard;
}

function Facts({ state, label, version }: FactsProps) {
  return (
    <dl class="nbt-facts-list">
      {version.aliases.length > 0 && (
        <Fact name="called">
          {version.aliases.map((alias) => (
            <span key={alias} class="nbt-tag">
              {alias}
            </span>
          ))}
        </Fact>
      )}
      <Fact name="made by">
        {version.run ? <RunName state={state} run={version.run} /> : "no run"} ·{" "}
        {dateTime(version.created)}
      </Fact>
      {version.used_by.length > 0 && (
        <Fact name="used by">
          {version.used_by.map((run, at) => (
            <span key={run.id}>
              {at > 0 && ", "}
              <RunName state={state} run={run} />
            </span>
          ))}
        </Fact>
      )}
      <Fact name="content">
        {version.files.toLocaleString()} {version.files === 1 ? "file" : "files"},{" "}
        {formatBytes(version.size)}
      </Fact>
      <Fact name="digest">
        <span class="nbt-code">{version.digest.slice(0, 16)}</span>
        <Copy text={version.digest} of="digest" />
      </Fact>
      <Fact name="to use it">
        <code class="nbt-code">nbtrack.use_artifact("{label}")</code>
        <Copy text={`nbtrack.use_artifact("${label}")`} of="how to use it" />
      </Fact>
    </dl>
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

/** A run by its name, and the way to it. */
function RunName({ state, run }: { state: RunState; run: RunLink }) {
  if (run.name === null) {
    return (
      <span class="nbt-muted">
        <span class="nbt-code">{run.id}</span> (not in this store any more)
      </span>
    );
  }
  return (
    <Link href={runUrl(state.store, run.id, "artifacts")}>
      {run.state && (
        <span class={`nbt-is-${run.state}`}>
          <StateIcon state={run.state} />
        </span>
      )}
      {run.id === state.run ? `${run.name} (this run)` : run.name}
    </Link>
  );
}
