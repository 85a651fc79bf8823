import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const KEY = "nbtrack.theme";

const saved = (): Theme => {
  const text = localStorage.getItem(KEY);
  return text === "light" || text === "dark" ? text : "auto";
};

/** Which colours a person has chosen; `auto` follows JupyterLab around the page, else the system. */
export const theme = signal<Theme>("auto");

/** Applies the choice, the same way in which JupyterLab says which theme it has. */
export function followTheme(): void {
  theme.value = saved();
  const around = bodyAround();
  const apply = (light: string | undefined) => {
    if (light === undefined) delete document.body.dataset.jpThemeLight;
    else document.body.dataset.jpThemeLight = light;
  };
  const follow = () => apply(around?.dataset.jpThemeLight);
  effect(() => {
    const { value } = theme;
    if (value === "auto") {
      localStorage.removeItem(KEY);
      follow();
    } else {
      localStorage.setItem(KEY, value);
      apply(String(value === "light"));
    }
  });
  if (!around) return;
  const observer = new MutationObserver(() => {
    if (theme.peek() === "auto") follow();
  });
  observer.observe(around, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
}

/** The body of the page around this one, if that is JupyterLab and this lies in a tab of it. */
function bodyAround(): HTMLElement | null {
  try {
    const { document: outer } = window.parent;
    return outer !== document && outer.getElementById("jupyter-config-data") ? outer.body : null;
  } catch {
    return null; // somebody else's page
  }
}
