import { useMemo, useState } from "preact/hooks";

import { formatBytes, formatNumber } from "../../../model/format";
import type { ModelInfo } from "../../api";
import { rowsOf, shapeText } from "./tree";

/** Lines that are made before somebody asks for all. */
const FEW = 400;
/** A model of more parts begins with the outer ones. */
const MANY = 60;

/** The parts of a model as a table that opens and closes. */
export function Layers({ model }: { model: ModelInfo }) {
  const [search, setSearch] = useState("");
  const [all, setAll] = useState(false);
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => closedAtFirst(model));
  const rows = useMemo(
    () => rowsOf(model.layers, closed, search),
    [model, closed, search],
  );
  const shown = all ? rows : rows.slice(0, FEW);
  const shapes = model.layers.some(({ output_shape }) => output_shape !== null);
  const sizes = model.layers.some(({ size_bytes }) => size_bytes !== null);
  const toggle = (name: string) => {
    const next = new Set(closed);
    if (!next.delete(name)) next.add(name);
    setClosed(next);
  };
  return (
    <section class="nbt-box" aria-label="Layers">
      <div class="nbt-box-head">
        <h2>
          Layers <span class="nbt-muted nbt-number">{model.layers.length.toLocaleString()}</span>
        </h2>
        <span class="nbt-inline">
          <button type="button" onClick={() => setClosed(new Set())} disabled={!closed.size}>
            open all
          </button>
          <input
            type="search"
            class="nbt-search"
            placeholder="search layers"
            aria-label="search layers"
            value={search}
            onInput={({ currentTarget: { value } }) => setSearch(value)}
          />
        </span>
      </div>
      {!rows.length && <p class="nbt-muted">no layer matches</p>}
      {rows.length > 0 && (
        <div class="nbt-scroll nbt-layers-scroll" tabIndex={0} aria-label="layers">
          <table class="nbt-table nbt-layers">
            <thead>
              <tr>
                <th scope="col">name</th>
                <th scope="col">type</th>
                <th scope="col" class="nbt-right">
                  parameters
                </th>
                <th scope="col">share</th>
                <th scope="col">trained</th>
                {shapes && <th scope="col">output shape</th>}
                {sizes && (
                  <th scope="col" class="nbt-right">
                    memory
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {shown.map(({ layer, at, whole }) => {
                const name = layer.name.split(".").at(-1) || model.name;
                const isOpen = !closed.has(layer.name) || search !== "";
                return (
                  <tr key={at}>
                    <th scope="row" style={{ paddingLeft: `${8 + 14 * layer.depth}px` }}>
                      {whole ? (
                        <button
                          type="button"
                          class="nbt-quiet nbt-layer-fold"
                          aria-expanded={isOpen}
                          disabled={search !== ""}
                          title={layer.name}
                          onClick={() => toggle(layer.name)}
                        >
                          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {name}
                        </button>
                      ) : (
                        <span class="nbt-layer-name" title={layer.name}>
                          {name}
                        </span>
                      )}
                    </th>
                    <td class="nbt-muted">{layer.type}</td>
                    <td
                      class="nbt-number nbt-right"
                      title={`${layer.parameters.toLocaleString()} parameters`}
                    >
                      {layer.parameters ? formatNumber(layer.parameters) : ""}
                    </td>
                    <td>
                      <Share part={layer.parameters} of={model.parameters} />
                    </td>
                    <td>{trained(layer.parameters, layer.trainable)}</td>
                    {shapes && <td class="nbt-number nbt-shape">{shapeText(layer.output_shape)}</td>}
                    {sizes && (
                      <td class="nbt-number nbt-right">
                        {layer.size_bytes ? formatBytes(layer.size_bytes) : ""}
                      </td>
                    )}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > shown.length && (
        <button type="button" onClick={() => setAll(true)}>
          show {(rows.length - shown.length).toLocaleString()} more
        </button>
      )}
    </section>
  );
}

function closedAtFirst({ layers }: ModelInfo): ReadonlySet<string> {
  if (layers.length <= MANY) return new Set();
  return new Set(layers.filter(({ depth }) => depth >= 1).map(({ name }) => name));
}

const trained = (parameters: number, trainable: number) =>
  !parameters ? "" : trainable === parameters ? "yes" : trainable ? "partly" : "no";

/** How much of the whole lies here. */
function Share({ part, of }: { part: number; of: number }) {
  if (!part || !of) return null;
  const share = Math.min(1, part / of);
  const text = share < 0.001 ? "< 0.1 %" : `${(100 * share).toPrecision(share < 0.1 ? 2 : 3)} %`;
  return (
    <span class="nbt-share" title={`${text} of all parameters`}>
      <i style={{ width: `${Math.max(1, 100 * share)}%` }} />
      <span class="nbt-unseen">{text}</span>
    </span>
  );
}
