import type { ComponentChildren } from "preact";

import { formatBytes } from "../../../model/format";
import type { ModelInfo, Models } from "../../api";
import { get } from "../../client";
import { Problem } from "../../Problem";
import { useLoaded } from "../../useLoaded";
import { Values } from "../overview/Values";
import type { RunState } from "../state";
import { useParam } from "../useParam";
import { Layers } from "./Layers";
import { Learning } from "./Learning";

const FRAMEWORKS = { torch: "PyTorch", keras: "Keras", sklearn: "scikit-learn" } as const;

/** What a run's models are made of, and how they learn. */
export function ModelTab({ state }: { state: RunState }) {
  const [chosen, choose] = useParam("model");
  const detail = state.detail.value;
  const told = JSON.stringify(detail?.models ?? []);
  const loaded = useLoaded(`${state.path} ${state.state.value} ${told}`, (abort) =>
    get<Models>(`${state.path}/models`, {}, abort),
  );
  if (!loaded.value) {
    return loaded.error ? (
      <Problem error={loaded.error} again={loaded.again} />
    ) : (
      <p class="nbt-hint">loading the model …</p>
    );
  }
  const { models } = loaded.value;
  const model = models.find(({ name }) => name === chosen) ?? models[0];
  if (!model) return <NoModel />;
  return (
    <div class="nbt-model">
      {models.length > 1 && (
        <label class="nbt-smooth">
          model
          <select value={model.name} onChange={(event) => choose(event.currentTarget.value, true)}>
            {models.map(({ name, type }) => (
              <option key={name} value={name}>
                {name === type ? name : `${name} · ${type}`}
              </option>
            ))}
          </select>
        </label>
      )}
      <ModelHead model={model} />
      <Layers key={`layers ${model.name}`} model={model} />
      <Learning key={`learning ${model.name}`} state={state} model={model} many={models.length > 1} />
      {Object.keys(model.settings).length > 0 && (
        <Values title="Settings" values={model.settings} hint="" />
      )}
      {model.text && (
        <details>
          <summary>as it prints itself</summary>
          <pre class="nbt-source" tabIndex={0} aria-label="the model as it prints itself">
            {model.text}
          </pre>
        </details>
      )}
    </div>
  );
}

function ModelHead({ model }: { model: ModelInfo }) {
  const frozen = model.parameters - model.trainable;
  return (
    <div class="nbt-model-head">
      <h2>
        {model.name} {model.type !== model.name && <span class="nbt-muted">{model.type}</span>}
      </h2>
      <dl class="nbt-numbers">
        <Fact name="made with">{FRAMEWORKS[model.framework]}</Fact>
        <Fact name="parameters">{model.parameters.toLocaleString()}</Fact>
        <Fact name="trainable">
          {model.trainable.toLocaleString()}
          {frozen > 0 && model.parameters > 0 && (
            <span class="nbt-muted"> {percent(model.trainable / model.parameters)}</span>
          )}
        </Fact>
        {model.size_bytes !== null && <Fact name="memory">{formatBytes(model.size_bytes)}</Fact>}
        <Fact name="layers">{model.layers.length.toLocaleString()}</Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="nbt-number">{children}</dd>
    </div>
  );
}

const percent = (part: number) =>
  part.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 1 });

function NoModel() {
  return (
    <div class="nbt-empty">
      <p>No model was recorded in this run.</p>
      <p class="nbt-muted">
        <code>nbtrack.watch(model)</code> records the layers of a PyTorch or Keras model or a
        scikit-learn estimator.
      </p>
    </div>
  );
}
