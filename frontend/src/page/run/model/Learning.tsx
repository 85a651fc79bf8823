import { useEffect, useMemo, useState } from "preact/hooks";

import type { MediaKey, ModelInfo } from "../../api";
import { isAside } from "../media/media";
import { Panels, useMediaKeys } from "../media/MediaSections";
import { MediaPlace } from "../media/place";
import type { RunState } from "../state";

interface Props {
  state: RunState;
  model: ModelInfo;
  /** There are other models, whose histograms have their names in their keys. */
  many: boolean;
}

/** Histograms of what a model learns, tensor by tensor. */
export function Learning({ state, model, many }: Props) {
  const loaded = useMediaKeys(state);
  const place = useMemo(() => new MediaPlace(state), [state]);
  useEffect(() => place.connect(), [place]);
  const [search, setSearch] = useState("");
  const keys = (loaded.value?.keys ?? []).filter(
    ({ key }) => isAside(key) && isOfModel(key, model, many),
  );
  const kinds = [...new Set(keys.map(({ key }) => key.slice(0, key.indexOf("/"))))];
  const [chosen, choose] = useState("");
  const kind = kinds.includes(chosen) ? chosen : (kinds[0] ?? "");
  if (!keys.length) return null;
  const shown = keys.filter(
    ({ key }) =>
      key.startsWith(`${kind}/`) && key.toLowerCase().includes(search.trim().toLowerCase()),
  );
  return (
    <section class="nbt-box nbt-run-charts nbt-size-medium" aria-label="Learning">
      <div class="nbt-box-head">
        <h2>Learning</h2>
        <span class="nbt-inline">
          <span class="nbt-choice" role="group" aria-label="histograms of what">
            {kinds.map((one) => (
              <button
                type="button"
                key={one}
                aria-pressed={one === kind}
                onClick={() => choose(one)}
              >
                {one}
              </button>
            ))}
          </span>
          <input
            type="search"
            class="nbt-search"
            placeholder="search tensors"
            aria-label="search tensors"
            value={search}
            onInput={({ currentTarget: { value } }) => setSearch(value)}
          />
        </span>
      </div>
      {shown.length ? (
        <Panels place={place} keys={inOrder(shown, model)} />
      ) : (
        <p class="nbt-muted">no tensor matches</p>
      )}
    </section>
  );
}

/** `gradients/Critic/0.weight` is of Critic; without a name in between, of the first model. */
function isOfModel(key: string, model: ModelInfo, many: boolean): boolean {
  const rest = key.slice(key.indexOf("/") + 1);
  if (rest.startsWith(`${model.name}/`)) return true;
  return !rest.includes("/") && (!many || hasTensor(rest, model));
}

const hasTensor = (tensor: string, model: ModelInfo) => {
  const layer = tensor.slice(0, Math.max(0, tensor.lastIndexOf(".")));
  return model.layers.some(({ name }) => name === layer);
};

/** As the layers follow each other in the model. */
function inOrder(keys: readonly MediaKey[], model: ModelInfo): MediaKey[] {
  const places = new Map(model.layers.map(({ name }, at) => [name, at]));
  const place = ({ key }: MediaKey) => {
    const tensor = key.split("/").at(-1) ?? "";
    return places.get(tensor.slice(0, Math.max(0, tensor.lastIndexOf(".")))) ?? Infinity;
  };
  return [...keys].sort((a, b) => place(a) - place(b) || 0);
}
