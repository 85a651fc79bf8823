import { container } from "./lab/container";
import { plugins } from "./lab/plugins";

declare global {
  interface Window {
    /** Where JupyterLab finds what is installed beside it. */
    _JUPYTERLAB?: Record<string, unknown>;
  }
}

(window._JUPYTERLAB ??= {}).nbtrack = container(plugins);
