import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

const KEY = "nbtrack.theme";

const saved = (): Theme => {
  const text = localStorage.getItem(KEY);
  return text === "light" || text === "dark" ? text : "auto";
};

/** Which colours a person has chosen; `auto` follows the system. */
export const theme = signal<Theme>("auto");

/** Applies the choice, the same way in which JupyterLab says which theme it has. */
export function followTheme(): void {
  theme.value = saved();
  effect(() => {
    const { value } = theme;
    if (value === "auto") {
      localStorage.removeItem(KEY);
      delete document.body.dataset.jpThemeLight;
    } else {
      localStorage.setItem(KEY, value);
      document.body.dataset.jpThemeLight = String(value === "light");
    }
  });
}
