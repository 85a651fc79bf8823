/** What the notebook's page gives to a widget. */
export interface AnyModel {
  get(name: string): unknown;
  // The page's own signature; what a listener gets depends on the event.
  on(event: string, listener: (...values: any[]) => void): void;
  off(event: string, listener: (...values: any[]) => void): void;
}

/** The address of the Jupyter server whose page this is; `null` elsewhere. */
export function serverAddress(): string | null {
  const text = document.getElementById("jupyter-config-data")?.textContent;
  if (!text) return null;
  try {
    const { baseUrl } = JSON.parse(text) as { baseUrl?: string };
    return baseUrl ? new URL(baseUrl, location.href).href : null;
  } catch {
    return null;
  }
}

/** The output area of a notebook that an element is in. */
export const outputArea = (element: Element) => element.closest(".jp-OutputArea, .output");

/** The cell that an element is in. */
export const cellOf = (element: Element) => element.closest(".jp-Cell, .cell");

/** The cell with this label, such as `[12]`, as far as the page has it. */
export function cellLabelled(label: string): Element | null {
  for (const prompt of document.querySelectorAll(".jp-InputPrompt, .prompt")) {
    if (prompt.textContent?.trim().replace(/:$/, "") === label) return cellOf(prompt);
  }
  return null;
}
