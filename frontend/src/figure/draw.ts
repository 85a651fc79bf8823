import { parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";

import { closedLoader, type Wanted } from "./closed";
import { loggerTo, prepare } from "./prepare";
import { readWithoutCode } from "./rows";
import { Tip } from "./tip";

readWithoutCode();

let drawn: View | null = null;
let tip: Tip | null = null;

/** Draws a figure of Vega or Vega-Lite, or says why it is not drawn. */
export async function draw(text: string, dark: boolean): Promise<void> {
  const [place, inputs, said] = ["figure", "inputs", "said"].map((id) => {
    const found = document.getElementById(id);
    if (!found) throw new Error(`there is no place for the ${id}`);
    return found;
  }) as [HTMLElement, HTMLElement, HTMLElement];
  const empty = () => {
    drawn?.finalize();
    drawn = null;
    place.replaceChildren();
    inputs.replaceChildren();
  };
  let done = false;
  const wanted = new Map<Wanted, string>();
  const refused = (what: Wanted, address: string) => {
    wanted.set(what, address);
    said.textContent = inWords(wanted);
  };
  const stand = (onDark: boolean) => {
    document.documentElement.dataset.scheme = onDark ? "dark" : "light";
  };
  const failed = (error: unknown) => {
    empty();
    stand(dark);
    said.textContent = `This figure cannot be drawn: ${(error as Error | null)?.message ?? error}`;
  };
  const build = (height: number): View => {
    const prepared = prepare(JSON.parse(text), dark, height);
    stand(prepared.dark);
    // Expressions are interpreted: nothing of a figure is ever compiled.
    return new View(parse(prepared.spec, undefined, { ast: true }), {
      expr: expressionInterpreter,
      renderer: "svg",
      container: place,
      bind: inputs,
      hover: true,
      tooltip: (tip ??= new Tip()).show,
      loader: closedLoader(refused),
      // What fails later, at a click, leaves what there is.
      logger: loggerTo((error) => done || failed(error)),
    });
  };
  empty();
  said.textContent = "";
  try {
    const height = place.clientHeight;
    drawn = build(height);
    // What is chosen with inputs stands below, and needs room too.
    const left = place.clientHeight;
    if (left < height) {
      empty();
      drawn = build(left);
    }
    await drawn.runAsync();
    done = true;
    if (wanted.has("data")) {
      empty();
      stand(dark);
    }
  } catch (error) {
    failed(error);
  }
}

function inWords(wanted: ReadonlyMap<Wanted, string>): string {
  const data = wanted.get("data");
  if (data !== undefined) {
    return (
      `This figure gets its data from ${data}, and nothing is loaded here. ` +
      "It is drawn if its data are logged with it."
    );
  }
  const link = wanted.get("link");
  if (link !== undefined) return `Links are not opened from here. This one leads to ${link}`;
  return `Pictures are not loaded here, such as ${wanted.get("picture")}`;
}
