import { computed, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { FigureChart } from "../../components/Chart";
import { watchTheme } from "../../theme";
import { go, query, runUrl, setQuery } from "../router";
import type { Comparison } from "./comparison";
import { namesOf } from "./differences";
import { cloudOf, ScatterFigure } from "./cloud";

/** Runs as points: any value across, any up, and a colour for a third. */
export function Scatter({ comparison }: { comparison: Comparison }) {
  const { figure, names, chosen, theme } = useMemo(() => {
    const names = computed(() => [...namesOf(comparison.runs.value), "seconds"]);
    const chosen = computed(() => {
      const known = (name: string, or: string | undefined) => {
        const found = query.value.get(name);
        return found !== null && names.value.includes(found) ? found : (or ?? "");
      };
      const first = (kind: string) => names.value.find((name) => name.startsWith(kind));
      return {
        x: known("x", first("config.") ?? "seconds"),
        y: known("y", first("summary.") ?? "seconds"),
        colour: known("colour", ""),
      };
    });
    const logs = {
      x: computed(() => query.value.get("logx") === "1"),
      y: computed(() => query.value.get("logy") === "1"),
    };
    const cloud = computed(() => {
      const { x, y, colour } = chosen.value;
      return cloudOf(comparison.visible.value, [x, y, colour], logs.x.value, logs.y.value, (run) =>
        comparison.colourOf(run.id),
      );
    });
    const theme = signal(0);
    const open = (run: { id: string }) => go(runUrl(comparison.store.value, run.id));
    return { figure: new ScatterFigure(cloud, logs, theme, open), names, chosen, theme };
  }, [comparison]);
  useEffect(() => figure.connect(), [figure]);
  useEffect(() => watchTheme(() => (theme.value += 1)), [theme]);
  const { x, y, colour } = chosen.value;
  const { dots, kinds } = figure.cloud.value;
  const left = comparison.visible.value.length - dots.length;
  const choose = (name: string, value: string | null) => setQuery({ [name]: value });
  return (
    <>
      <div class="nbt-tools">
        <Choice name="x" value={x} names={names.value} choose={(value) => choose("x", value)} />
        <Log name="logx" title="logarithmic x" choose={choose} />
        <Choice name="y" value={y} names={names.value} choose={(value) => choose("y", value)} />
        <Log name="logy" title="logarithmic y" choose={choose} />
        <Choice
          name="colour"
          value={colour}
          none="each its own"
          names={names.value}
          choose={(value) => choose("colour", value)}
        />
      </div>
      {dots.length ? (
        <div class="nbt-scatter">
          <FigureChart figure={figure} title={`${y} over ${x}`} />
        </div>
      ) : (
        <p class="nbt-hint">no run has both of these values: choose others</p>
      )}
      {colour && (
        <p class="nbt-kinds">
          <span class="nbt-muted">{colour}</span>
          {kinds.map((kind) => (
            <span key={kind.name}>
              <i class="nbt-swatch" data-line={kind.colour} />
              {kind.name}
            </span>
          ))}
        </p>
      )}
      {left > 0 && dots.length > 0 && (
        <p class="nbt-muted">{left} {left === 1 ? "run has" : "runs have"} no place here: one of the values is missing or not finite</p>
      )}
    </>
  );
}

interface Props {
  name: string;
  value: string;
  names: readonly string[];
  none?: string;
  choose: (value: string) => void;
}

function Choice({ name, value, names, none, choose }: Props) {
  return (
    <label class="nbt-smooth">
      {name}
      <select
        class="nbt-field"
        value={value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {none !== undefined && <option value="">{none}</option>}
        {names.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

interface LogProps {
  name: string;
  title: string;
  choose: (name: string, value: string | null) => void;
}

function Log({ name, title, choose }: LogProps) {
  const on = query.value.get(name) === "1";
  return (
    <button type="button" aria-pressed={on} title={title} onClick={() => choose(name, on ? null : "1")}>
      log
    </button>
  );
}
