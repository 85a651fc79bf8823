import { mergeConfig, type Config, type LoggerInterface, type Spec } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

type Document = Record<string, unknown>;

const INK = { text: "#e8edf2", muted: "#a8b1bb", edge: "#6b7580", grid: "#2f353c" };
const FONT = "system-ui, sans-serif";

/** Colours for a dark ground, for everything to which the figure itself gives none. */
const DARK = {
  background: "transparent",
  title: { color: INK.text, subtitleColor: INK.muted },
  style: { "guide-label": { fill: INK.text }, "guide-title": { fill: INK.text } },
  axis: { domainColor: INK.edge, tickColor: INK.edge, gridColor: INK.grid },
  header: { labelColor: INK.text, titleColor: INK.text },
  view: { stroke: INK.edge },
  rule: { color: INK.text },
};

const COMPOUND = ["hconcat", "vconcat", "concat", "facet", "repeat", "spec"];
const FACETS = ["row", "column", "facet"];

const isDocument = (value: unknown): value is Document =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a figure is one of Vega itself, and not of Vega-Lite. */
const isVega = ({ $schema }: Document) => /\/vega\//.test(String($schema));

/** Whether a figure has a ground of its own, for which its colours were chosen. */
const hasGround = ({ background, config }: Document) =>
  background != null || (isDocument(config) && config.background != null);

/** Whether there is text in a figure: black, and often on marks of any colour. */
function hasText(value: unknown): boolean {
  if (!isDocument(value)) return false;
  const { mark } = value;
  if (mark === "text" || (isDocument(mark) && mark.type === "text")) return true;
  return [value.spec, ...COMPOUND.concat("layer").flatMap((name) => value[name])].some(hasText);
}

/** Whether a figure is one chart, which can be as wide as there is room. */
const isOne = (given: Document) =>
  !COMPOUND.some((name) => name in given) &&
  !FACETS.some((name) => isDocument(given.encoding) && name in given.encoding);

export interface Prepared {
  spec: Spec;
  /** It stands on a dark ground. */
  dark: boolean;
}

/**
 * What Vega draws of a figure: with colours for the ground, as wide as there is room, and as high
 * if the figure says nothing of it. Where colours were chosen for a light ground, it has that.
 */
export function prepare(given: Document, wantsDark: boolean, height: number): Prepared {
  const isLite = !isVega(given);
  const dark = wantsDark && isLite && !hasGround(given) && !hasText(given);
  const own = isDocument(given.config) ? given.config : {};
  const theme = { font: FONT, ...(dark ? DARK : {}) };
  const config = mergeConfig(theme as Config, own as Config) as Document;
  const spec: Document = { ...given, config };
  if (!isLite) return { spec: spec as Spec, dark };
  if (isOne(given)) {
    const { width, height: wanted } = given;
    if (!isDocument(width)) spec.width = "container";
    if (wanted === "container") delete spec.height;
    const type = typeof wanted === "number" ? "fit-x" : "fit";
    spec.autosize = { type, contains: "padding" };
    spec.config = { ...config, view: { ...(config.view as Document), continuousHeight: height } };
  }
  return { spec: compile(spec as unknown as TopLevelSpec, { logger: loggerTo(() => undefined) }).spec, dark };
}

/** Where Vega says what it thinks; what it warns of is of no use to those who look at a figure. */
export function loggerTo(failed: (error: unknown) => void): LoggerInterface {
  const logger: LoggerInterface = {
    level: ((_?: number) => logger) as LoggerInterface["level"],
    error: (...found: readonly unknown[]) => {
      failed(found[0]);
      return logger;
    },
    warn: () => logger,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}
