import { useState } from "preact/hooks";

import { formatBytes } from "../../../model/format";
import type { ArtifactsPage, RunArtifact, RunArtifacts } from "../../api";
import { get } from "../../client";
import { Problem } from "../../Problem";
import { setQuery } from "../../router";
import { useTyped } from "../../table/useTyped";
import { useLoaded } from "../../useLoaded";
import type { RunState } from "../state";
import { useParam } from "../useParam";
import { Artifact } from "./Artifact";
import { LineageGraph } from "./LineageGraph";
import { chosenOf, labelOf } from "./paths";

/** What a run made and used, and everything else in its store. */
export function ArtifactsTab({ state }: { state: RunState }) {
  const [chosen] = useParam("artifact");
  const detail = state.detail.value;
  const moment = `${state.state.value} ${detail?.artifacts ?? 0}`;
  const loaded = useLoaded(`${state.path} ${moment}`, (abort) =>
    get<RunArtifacts>(`${state.path}/artifacts`, {}, abort),
  );
  if (!loaded.value) {
    return loaded.error ? (
      <Problem error={loaded.error} again={loaded.again} />
    ) : (
      <p class="nbt-hint">loading the artifacts …</p>
    );
  }
  const { artifacts } = loaded.value;
  const open = chosenOf(chosen);
  const pick = (artifact: string | null) => setQuery({ artifact, entry: null }, { step: true });
  return (
    <div class="nbt-files nbt-artifacts">
      <nav class="nbt-tree" aria-label="artifacts">
        <Uses title="Used" none="nothing yet" role="used" all={artifacts} chosen={chosen} pick={pick} />
        <Uses title="Made" none="nothing yet" role="made" all={artifacts} chosen={chosen} pick={pick} />
        <Everything state={state} moment={moment} chosen={open?.name ?? ""} pick={pick} />
      </nav>
      <div class="nbt-preview">
        {open ? (
          <Artifact
            key={open.name}
            state={state}
            chosen={open}
            moment={moment}
            pick={pick}
          />
        ) : artifacts.length ? (
          <section aria-label="Lineage" class="nbt-box">
            <h2>Lineage</h2>
            <LineageGraph store={state.store} run={state.run} path={state.path} moment={moment} />
          </section>
        ) : (
          <div class="nbt-empty">
            <p>No artifacts were made or used in this run.</p>
            <p class="nbt-muted">
              <code>nbtrack.log_artifact("model.pt", type="model")</code> keeps a version of a file
              or folder, <code>nbtrack.use_artifact("data:latest")</code> says that a run needs one.
            </p>
          </div>
        )}
      </div>
    </div>
  );
}

interface UsesProps {
  title: string;
  none: string;
  role: RunArtifact["role"];
  all: readonly RunArtifact[];
  chosen: string;
  pick: (label: string) => void;
}

function Uses({ title, none, role, all, chosen, pick }: UsesProps) {
  const found = all.filter((one) => one.role === role);
  return (
    <section aria-label={`${title} by this run`}>
      <h2>
        {title} <span class="nbt-muted nbt-number">{found.length}</span>
      </h2>
      {!found.length && <p class="nbt-muted">{none}</p>}
      <ul>
        {found.map((one) => {
          const label = labelOf(one.name, one.version);
          return (
            <li key={`${label} ${one.time}`}>
              <button
                type="button"
                class={`nbt-quiet nbt-pick-line${chosen === label ? " nbt-selected" : ""}`}
                aria-current={chosen === label ? "true" : undefined}
                disabled={!one.there}
                onClick={() => pick(label)}
              >
                <span class="nbt-cut" title={label}>
                  {label}
                </span>
                <span class="nbt-muted nbt-number">{formatBytes(one.size)}</span>
                <span class="nbt-muted nbt-cut nbt-second">
                  {one.there ? [one.type, ...one.aliases].join(" · ") : "deleted since"}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

interface EverythingProps {
  state: RunState;
  moment: string;
  chosen: string;
  pick: (label: string) => void;
}

/** All artifacts of the store. */
function Everything({ state, moment, chosen, pick }: EverythingProps) {
  const [search, setSearch] = useState("");
  const [text, type, finish] = useTyped(search, setSearch);
  const { value, error, again } = useLoaded(`${state.store} ${search} ${moment}`, (abort) =>
    get<ArtifactsPage>("/artifacts", { store: state.store, search, limit: 200 }, abort),
  );
  if (error) return <Problem error={error} again={again} />;
  if (!value) return null;
  return (
    <section aria-label="All of this store">
      <h2>
        All of this store <span class="nbt-muted nbt-number">{value.total}</span>
      </h2>
      {value.total > 0 && (
        <input
          type="search"
          class="nbt-search"
          placeholder="name, type, alias, metadata"
          aria-label="search artifacts"
          value={text}
          onInput={({ currentTarget }) => type(currentTarget.value)}
          onBlur={finish}
        />
      )}
      {!value.total && <p class="nbt-muted">none yet</p>}
      {value.total > 0 && !value.matched && <p class="nbt-muted">no artifact matches</p>}
      <ul>
        {value.artifacts.map((one) => (
          <li key={one.name}>
            <button
              type="button"
              class={`nbt-quiet nbt-pick-line${chosen === one.name ? " nbt-selected" : ""}`}
              aria-current={chosen === one.name ? "true" : undefined}
              onClick={() => pick(labelOf(one.name, one.version))}
            >
              <span class="nbt-cut" title={one.description ?? one.name}>
                {one.name}
              </span>
              <span class="nbt-muted nbt-number">{formatBytes(one.size)}</span>
              <span class="nbt-muted nbt-cut nbt-second">
                {one.type} · {one.versions} {one.versions === 1 ? "version" : "versions"}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {value.matched > value.artifacts.length && (
        <p class="nbt-muted">{value.matched - value.artifacts.length} more: search for them</p>
      )}
      {Object.entries(value.unreadable).map(([name, reason]) => (
        <p key={name} class="nbt-warn">
          {name}: {reason}
        </p>
      ))}
    </section>
  );
}
